"""Rewrites the package's source for a board: no docstrings, no annotations, no code for CPython, and short names.

A name that only the package itself uses costs RAM for each of its letters once the .mpy is loaded. Such a name is
replaced, in all modules alike, by one that every MicroPython has in its flash anyway, or by two letters. Which ones
are kept is decided by Names; the source itself stays as it is.
"""

from __future__ import annotations

import ast
import builtins
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# Where users' programs are, and what is told them: every name in these stays as it is.
TOLD = ("README.md", "CHANGELOG.md", "docs", "examples", "boards", "tests/behaviour/apps", "tests/in_memory")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
CONSTANT = re.compile(r"_[A-Z0-9_]+$")  # the compiler replaces `_X = const(1)` by its value

# Names that each MicroPython has in flash: first those of which an .mpy needs not even hold the letters. None that a
# program would give to an attribute of its own: a user may set attributes on what the library hands out.
IN_FLASH = """
ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis Exception GeneratorExit ImportError
IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError NoneType NotImplementedError
OSError OverflowError RuntimeError StopIteration SyntaxError SystemExit TypeError ValueError ZeroDivisionError abs all
any bool builtins bytearray bytecode bytes callable chr classmethod const dict dir divmod endswith eval exec extend
format from_bytes getattr globals hasattr hash int isalpha isdigit isinstance islower isspace issubclass isupper
iter join len list little locals lower lstrip map micropython object ord partition pow print range readinto readline
repr reversed rfind rindex round rpartition rsplit rstrip setattr setdefault sorted splitlines staticmethod str strip
sum super to_bytes tuple type upper zip popitem
acos acosh asin asinh atan atan2 atanh ceil copysign cosh degrees erf erfc exp expm1 fabs floor fmod frexp gamma isclose
isfinite isinf isnan ldexp lgamma log10 log2 modf radians sinh sqrt tanh trunc
calcsize pack_into unpack_from namedtuple OrderedDict deque popleft appendleft a2b_base64 b2a_base64 hexlify unhexlify
EACCES EALREADY EBADF ECONNREFUSED EEXIST EHOSTUNREACH EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOTCONN
EOPNOTSUPP EPERM ETIMEDOUT AF_INET6 SOCK_DGRAM SOCK_RAW getaddrinfo makefile recvfrom sendto SO_BROADCAST
addressof bytearray_at bytes_at sizeof ARRAY BFINT16 BFINT32 BFINT8 BFUINT16 BFUINT32 BFUINT8 BF_LEN BF_POS BIG_ENDIAN
FLOAT32 FLOAT64 INT16 INT32 INT64 INT8 LITTLE_ENDIAN NATIVE PTR UINT16 UINT32 UINT64 UINT8 VOID
heapify heappop heappush getrandbits randint randrange shuffle uniform chdir getcwd ilistdir mkdir rmdir statvfs umount
localtime mktime ticks_cpu ticks_us sleep_us mem_alloc mem_free isenabled print_exception implementation maxsize
version_info byteorder heap_lock heap_unlock kbd_intr mem_info qstr_info stack_use alloc_emergency_exception_buf
""".split()


def firmware_names() -> set[str]:
    """Names of firmware's own modules, methods and attributes."""
    lines = (HERE / "firmware_names.txt").read_text().splitlines()
    return {name for line in lines if not line.startswith("#") for name in line.split()}


def told_names() -> set[str]:
    """Names in what users read and write: all words of programs, and of the code in texts."""
    found = set()
    for place in TOLD:
        path = ROOT / place
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.suffix == ".py":
                found |= set(re.findall(r"\w+", file.read_text()))
            elif file.suffix == ".md":
                for code in re.findall(r"```.*?```|`[^`\n]+`|^ {4}.*$", file.read_text(), re.S | re.M):
                    found |= set(re.findall(r"\w+", code))
    return found


def fold(tree: ast.Module) -> ast.Module:
    """Leave out what a board does not need."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__all__"]
    reads_all = any(isinstance(node.ctx, ast.Load) for node in names)
    return ast.fix_missing_locations(_Folder(reads_all).visit(tree))


class _Folder(ast.NodeTransformer):
    def __init__(self, keeps_all: bool):
        self.keeps_all = keeps_all

    def visit_Assign(self, node):
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__" and not self.keeps_all:
            return None
        return self.generic_visit(node)

    def visit_Module(self, node):
        return self._body(node)

    def visit_ClassDef(self, node):
        return self._body(node)

    def visit_FunctionDef(self, node):
        node.returns = None
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        for arg in every:
            if arg is not None:
                arg.annotation = None
        return self._body(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def _body(self, node):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body.pop(0)
        self.generic_visit(node)
        for i, statement in enumerate(node.body):
            if isinstance(statement, (ast.Return, ast.Raise)) and not any(map(_yields, node.body[i + 1 :])):
                del node.body[i + 1 :]  # `if MICROPYTHON: return` stood before it
        if not node.body and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]
        return node

    def visit_AnnAssign(self, node):
        if node.value is None:
            return None
        return self.visit(ast.Assign([node.target], node.value, lineno=node.lineno))

    def visit_If(self, node):
        self.generic_visit(node)
        known = _known(node.test)
        if known is None:
            return node
        return node.body if known else node.orelse

    def visit_IfExp(self, node):
        self.generic_visit(node)
        known = _known(node.test)
        if known is None:
            return node
        return node.body if known else node.orelse

    def visit_BoolOp(self, node):
        # `MICROPYTHON and x` is x.
        self.generic_visit(node)
        neutral = isinstance(node.op, ast.And)
        values = [value for value in node.values if _known(value) is not neutral]
        if not values:
            return ast.Constant(neutral)
        for i, value in enumerate(values):
            if _known(value) is not None:
                values = values[: i + 1]
                break
        if len(values) == 1:
            return values[0]
        node.values = values
        return node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        known = _known(node.operand)
        if isinstance(node.op, ast.Not) and known is not None:
            return ast.Constant(not known)
        return node


def _yields(node) -> bool:
    return any(isinstance(one, (ast.Yield, ast.YieldFrom, ast.Await)) for one in ast.walk(node))


def _known(test) -> bool | None:
    if isinstance(test, ast.Name) and test.id in ("MICROPYTHON", "FROM_SOURCE"):
        return test.id == "MICROPYTHON"
    return test.value if isinstance(test, ast.Constant) and isinstance(test.value, bool) else None


class Names:
    """Which names of the package become which.

    modules  {path: folded tree} of all that is built together
    fixed    source that is not rewritten: its names are kept
    first    paths whose names get the cheapest replacements
    """

    def __init__(self, modules: dict[str, ast.Module], fixed: str = "", first: tuple[str, ...] = ()):
        self.kept = firmware_names() | told_names() | set(dir(builtins)) | set(re.findall(r"\w+", fixed))
        self.kept |= {part for path in modules for part in pathlib.PurePath(path).with_suffix("").parts}
        self.prefixes: set[str] = set()
        self.defined: dict[str, int] = {}  # name -> how often
        self.used: set[str] = set()
        self.times: dict[str, int] = {}
        for path, tree in modules.items():
            self._look(tree, 1000 if path in first else 1)
        self._keep_parameters(modules)
        self.map: dict[str, str] = {}
        self._choose()

    def _look(self, tree: ast.Module, weight: int) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                self._name(node.attr, weight if isinstance(node.ctx, ast.Store) else 0, weight)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self._name(node.name, weight)
            elif isinstance(node, ast.Name):
                self._name(node.id, weight if isinstance(node.ctx, ast.Store) else 0, weight)
            elif isinstance(node, ast.arg):
                self._name(node.arg, weight)
            elif isinstance(node, ast.alias):
                self.used.update((node.asname or node.name).split("."))
            elif isinstance(node, ast.keyword):
                self.kept.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._text(node.value)
            elif isinstance(node, ast.Assign):
                self._constants(node)

    def _name(self, name: str, weight: int, use: int = 0) -> None:
        if "\u0262" in name or re.fullmatch(r"L\d+", name):  # the bundle's globals, and locals: see naming.py
            self.used.add(name)
            return
        self.used.add(name)
        if weight:
            self.defined[name] = self.defined.get(name, 0) + weight
        self.times[name] = self.times.get(name, 0) + weight + use

    def _text(self, text: str) -> None:
        # A text may name something for getattr().
        prefix = re.fullmatch(r" ?(_\w+_)(%s ?)?", text)
        if prefix:
            self.prefixes.add(prefix.group(1))
        if re.fullmatch(r"[A-Za-z_][\w.]*", text):
            self.kept.update(text.split("."))
        if text.startswith("viperhttp.") and text.endswith(" "):
            # An entry of cold.py: "viperhttp.folder.module.Class name _get_name "
            self.kept.update(re.split("[. ]", text[:-1]))

    def _constants(self, node: ast.Assign) -> None:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "const":
            self.kept.update(target.id for target in node.targets if isinstance(target, ast.Name))

    def _keep_parameters(self, modules: dict[str, ast.Module]) -> None:
        # Whoever may call a function may name its parameters, also through `**options`.
        self.spread = {name for tree in modules.values() for name in _called_with_options(tree)}
        for tree in modules.values():
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and self.hands_on(node.name):
                    self.kept.update(arg.arg for arg in [*node.args.args, *node.args.kwonlyargs])
                elif isinstance(node, ast.ClassDef) and self.hands_on(node.name):
                    for inner in node.body:
                        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                            self.kept.update(arg.arg for arg in inner.args.args)

    def hands_on(self, name: str) -> bool:
        """Whether users may say how a function's parameters are called."""
        return self.is_kept(name) or name in self.spread

    def is_kept(self, name: str) -> bool:
        """Whether a name stays as it is."""
        return name.startswith("__") or name in self.kept or any(name.startswith(prefix) for prefix in self.prefixes)

    def _choose(self) -> None:
        renamed = [name for name in self.defined if not self.is_kept(name)]
        renamed.sort(key=lambda name: (-self.times[name], name))
        in_use = self.used - set(renamed)
        free = [name for name in IN_FLASH if name not in in_use and name not in self.kept - set(IN_FLASH)]
        free += [name for name in short_names() if name not in in_use and name not in self.kept]
        self.map = dict(zip(renamed, free, strict=False))


def _called_with_options(tree: ast.Module):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(keyword.arg is None for keyword in node.keywords):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def short_names():
    """Names of two letters."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for first in letters + "_":
        for second in letters + "0123456789":
            yield first + second


class Renamer(ast.NodeTransformer):
    """Applies a map of names to a tree."""

    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit(self, node):
        get = self.names.get
        for field in ("attr", "id", "arg", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in self.names:
                setattr(node, field, get(name))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [get(name, name) for name in node.names]
        return self.generic_visit(node)
