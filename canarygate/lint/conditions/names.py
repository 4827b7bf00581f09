"""The builtin functions of both engines: which there are, and what they take."""

from canarygate.lint.conditions.values import Engine

# E: an expression, P: a predicate; small letters may be left out.
_PREDICATES = {
    **dict.fromkeys(["all", "none", "any", "one", "filter", "map", "count"], "EP"),
    **dict.fromkeys(["find", "findIndex", "findLast", "findLastIndex", "groupBy"], "EP"),
}
PREDICATES: dict[Engine, dict[str, str]] = {
    Engine.V1_9: {**_PREDICATES, "reduce": "EPe"},
    Engine.HEAD: {**_PREDICATES, "reduce": "EPe", "count": "Ep", "sum": "Ep", "sortBy": "EPe"},
}
_NUMBERS = {"abs", "ceil", "floor", "round", "int", "float", "max", "min", "mean", "median", "sum"}
_TEXTS = {
    *("string", "trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "splitAfter"),
    *("replace", "repeat", "join", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix"),
    *("toJSON", "fromJSON", "toBase64", "fromBase64"),
}
_TIMES = {"now", "duration", "date"}
_ARRAYS = {
    *("reduce", "len", "type", "first", "last", "get", "take", "keys", "values"),
    *("toPairs", "fromPairs", "sort", "sortBy"),
}
_NEW = {
    *("timezone", "reverse", "uniq", "concat", "flatten", "bitnot", "bitand", "bitor"),
    *("bitxor", "bitnand", "bitshl", "bitshr", "bitushr"),
}
_COMMON = frozenset({*_PREDICATES, *_NUMBERS, *_TEXTS, *_TIMES, *_ARRAYS})
BUILTINS: dict[Engine, frozenset[str]] = {Engine.V1_9: _COMMON, Engine.HEAD: _COMMON | _NEW}
# What Argo puts beside `result`.
FUNCTIONS = frozenset(["asInt", "asFloat", "isNaN", "isInf", "isNil", "default"])

UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
BINARY = {
    **{"|": 0, "or": 10, "||": 10, "and": 15, "&&": 15, "..": 25, "+": 30, "-": 30},
    **dict.fromkeys(["==", "!=", "<", ">", ">=", "<=", "in", "matches", "contains"], 20),
    **{"startsWith": 20, "endsWith": 20, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500},
}
FROM_THE_RIGHT = ("**", "^")
COMPARISONS = ("<", ">", ">=", "<=")
NEGATED = ("contains", "matches", "startsWith", "endsWith", "in")
