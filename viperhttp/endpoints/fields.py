"""Response headers that can be read and set by name, in any case, while staying a list of pairs."""


class Fields(list):
    """A list of (name, value). fields["Name"] reads the first of that name; assigning replaces them all."""

    def get(self, name: str, default=None):
        """The first value of header `name`, or `default`."""
        name = name.lower()
        for key, value in self:
            if key.lower() == name:
                return value
        return default

    def __getitem__(self, name):
        if not isinstance(name, str):
            return list(self)[name]
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name, value) -> None:
        del self[name]
        self.append((name, value))

    def __delitem__(self, name) -> None:
        name = name.lower()
        for pair in list(self):
            if pair[0].lower() == name:
                self.remove(pair)

    def __contains__(self, name) -> bool:
        return self.get(name) is not None

    def setdefault(self, name: str, value):
        """The first value of header `name`, which is set to `value` where there is none."""
        found = self.get(name)
        if found is not None:
            return found
        self.append((name, value))
        return value

    def add_vary(self, name: str) -> None:
        """Note in Vary that the response depends on request header `name` (RFC 9110 section 12.5.5)."""
        known = self.get("vary")
        if known is None:
            self.append(("Vary", name))
        elif name.lower() not in known.lower() and known != "*":
            self["Vary"] = known + ", " + name

    def items(self) -> list:
        """The (name, value) pairs."""
        return list(self)

    def keys(self) -> list:
        """The names, as they were given."""
        return [name for name, _ in self]
