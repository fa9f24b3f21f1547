"""Constants at the top of a module: `NAME = 5`, `A, B = range(2)`, and what is computed from such."""

from __future__ import annotations

import ast

NO_VALUE = object()


class WithoutConst(ast.NodeTransformer):
    """In the bundle constants are put in place here, not by the compiler."""

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "const" and len(node.args) == 1:
            return node.args[0]
        return node


def given(node: ast.stmt, known):
    """[(name, value)] that a statement gives to names, if it does nothing else."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return []
    target = node.targets[0]
    if isinstance(target, ast.Name):
        value = value_of(node.value, known)
        return [] if value is NO_VALUE else [(target.id, value)]
    if isinstance(target, ast.Tuple) and all(isinstance(one, ast.Name) for one in target.elts):
        call = node.value
        if isinstance(call, ast.Call) and ast.unparse(call) == f"range({len(target.elts)})":
            return [(one.id, n) for n, one in enumerate(target.elts)]
    return []


def value_of(node: ast.expr, known):
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, bytes, type(None))):
        return node.value
    if isinstance(node, ast.Name):
        return known(node.id)
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        parts = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
        found = [value_of(part, known) for part in parts]
        if all(type(value) in (int, bytes) for value in found):
            names = {f"_{i}": value for i, value in enumerate(found)}
            expression = (
                type(node)(node.op, ast.Name("_0", ast.Load()))
                if len(found) == 1
                else ast.BinOp(ast.Name("_0", ast.Load()), node.op, ast.Name("_1", ast.Load()))
            )
            code = compile(ast.fix_missing_locations(ast.Expression(expression)), "constant", "eval")
            return eval(code, {"__builtins__": {}}, names)
    return NO_VALUE
