# Counts which Python functions MicroPython's VM enters; prints "CALL count file:function" when the program ends.
# Run by hotspots.py --calls. Needs a unix port that is not stripped (the one from PyPI is not).
set pagination off
set confirm off
handle SIGTERM nostop noprint pass
python
import collections

counts = collections.Counter()
names = {}


def number(p):
    # MicroPython's variable-length integer: seven bits a byte, the last byte without the top bit.
    n = 0
    while True:
        byte = int(p.dereference())
        p += 1
        n = n << 7 | byte & 127
        if not byte & 128:
            return n


def text(qstr):
    # Read, and not asked of qstr_str(): the signal that ends a server must not meet a call made by gdb.
    pool = gdb.parse_and_eval("mp_state_ctx.vm.last_pool")
    while qstr < int(pool["total_prev_len"]):
        pool = pool["prev"]
    return pool["qstrs"][qstr - int(pool["total_prev_len"])].string()


def name_of(fun):
    # The prelude: two signatures of variable length, then the function's name as an index of the module's strings,
    # of which the first is the file.
    p = fun["bytecode"]
    for _ in range(2):
        while int(p.dereference()) & 128:
            p += 1
        p += 1
    table = fun["context"]["constants"]["qstr_table"]
    return text(int(table[0])) + ":" + text(int(table[number(p)]))


class Enter(gdb.Breakpoint):
    def stop(self):
        fun = gdb.selected_frame().read_var("code_state")["fun_bc"]
        key = int(fun["bytecode"])
        if key not in names:
            names[key] = name_of(fun)
        counts[names[key]] += 1
        return False


Enter("mp_execute_bytecode")
end
continue
python
for name, count in counts.most_common():
    print("CALL", count, name)
end
