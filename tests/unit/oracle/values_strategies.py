"""Random values files and flags, near what people type and near what breaks parsers."""

import json

from hypothesis import strategies as st

NAMES = ["a", "b", "c.d", "e,f", "1", "true", "on", "~x", "k=v", "l[0]", "g\\h", " s", "ü"]
_TEXT = """
1 01 08 0o17 017 -017 +5 1_000 _1 1_ 0x1F -0x1F 0x_1 0b101 -0b101 0b102 1.5 1. .5 -.5 + - . 1e3
1E+3 1.5e3 .5e3 12e 1_0.5 1e400 nan inf .inf y Y n yes yEs no on off true TRUE tRUE ~ null Null
nULL 2001-01-01 2001-01-01T00:00:00Z 1:30 190:20:30 = << 12345678901234567890
123456789012345678901234567890 -9223372036854775809 0.1 1e-7 1e21 -0 -0.0 0 +0 00 0. 0x 0b 1__0
1_.5 0x1p4 infinity +.inf 10000000 9007199254740993 4.9e-324 a b1 x-y
"""
WORDS = _TEXT.split()
TAGGED = [
    "!!str 1", '!!int "1"', "!!int x", "!!float 1", '!!bool "yes"', "!!bool 1", '!!null ""',
    "!!binary aGk=", "!foo 1", "! 1", "!!str", "!!float x", "!!timestamp 2001-01-01",
]  # fmt: skip
SCALARS = (
    st.sampled_from(WORDS)
    | st.text("0123456789+-._eExXbBoO", min_size=1, max_size=6)
    | st.sampled_from(TAGGED)
    | st.text("ab \"'\\{}[],.=\n\t#é\u2028\U0001f600", max_size=5).map(json.dumps)
    | st.integers(-(2**70), 2**70).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
)
CLEAN = st.sampled_from(["1", "x", "true", "null", "-3", "1.5", "10000000", '"s"', "[]", "{}"])
KEYS = st.sampled_from(["a", "b", "c.d", "e"])
ODD_KEYS = KEYS | st.sampled_from(["1", "0x10", "true", "on", "1.5", '""', "'k=v'", "2001-01-01"])


def documents(scalars=CLEAN, keys=KEYS):
    """Mappings whose leaves are YAML texts."""
    values = st.recursive(
        scalars,
        lambda v: st.lists(v, max_size=3) | st.dictionaries(keys, v, max_size=3),
        max_leaves=6,
    )
    return st.dictionaries(keys, values, max_size=4)


def as_yaml(value, indent=0):
    """Block style, so that every scalar stands as it is."""
    if not isinstance(value, dict | list) or not value:
        return " " + (value if isinstance(value, str) else json.dumps(value)) + "\n"
    pad = " " * indent
    if isinstance(value, dict):
        lines = [f"{pad}{key}:{as_yaml(item, indent + 2)}" for key, item in value.items()]
    else:
        lines = [f"{pad}-{as_yaml(item, indent + 2)}" for item in value]
    return "\n" + "".join(lines)


DOCUMENTS = (documents() | documents(SCALARS, ODD_KEYS)).map(as_yaml)


def mostly(common, rare, odds=8):
    """One in `odds` is rare; hypothesis would count a strategy only once in `a | a | b`."""
    return st.integers(1, odds).flatmap(lambda number: rare if number == odds else common)


SEPARATORS = mostly(
    st.sampled_from(["---\n", "--- # next\n", "---\n---\n"]),
    st.sampled_from(["----\n", "--- x\n", "...\n"]),
)


def several(texts):
    """Files, a few of them of more than one document."""
    return mostly(texts, st.tuples(texts, SEPARATORS, texts).map("".join))


FILES = several(DOCUMENTS)
NAME = st.sampled_from(["a", "b", "c\\.d", "e"])
INDEX = st.sampled_from(["[0]", "[1]", "[3]", "[0][1]"])
PATHS = st.builds(
    lambda name, rest: name + "".join(rest),
    NAME,
    st.lists(NAME.map(".".__add__) | INDEX, max_size=3),
)
TEXT = st.text('ab1.,=[]{}\\ -"x', max_size=8)
VALUES = (
    st.sampled_from(WORDS)
    | st.integers(-(2**66), 2**66).map(str)
    | st.sampled_from(["", "{}", "{a,b}", "{1,true,null}", "x y", "a\\,b", "TRUE", "nuLL", "{a"])
    | TEXT
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=3),
    lambda v: st.lists(v, max_size=2) | st.dictionaries(st.sampled_from("abc"), v, max_size=2),
    max_leaves=4,
).map(json.dumps) | st.sampled_from(
    ["", " 1 ", "01", "-0", "1e999", "NaN", '"\\ud800"', '{"x":1}b=2', "1.", "-"]
)
FILE_NAMES = mostly(
    st.sampled_from(["one.txt", "two.txt", "{one.txt,two.txt}"]),
    st.sampled_from(["missing.txt", "{missing.txt}", ""]),
)


def texts(values, paths=PATHS):
    """What stands behind a flag: assignments, sometimes broken by a few characters."""
    pairs = st.lists(st.tuples(paths, values).map("=".join), min_size=1, max_size=3)
    clean = pairs.map(",".join)
    broken_end = st.tuples(clean, st.sampled_from([",", ",,", "]", "=", ".", "[", ",a.b[1"]))
    return mostly(clean, (broken_end | st.tuples(TEXT, clean)).map("".join))


def objects(keys):
    """JSON objects as a whole argument of `--set-json`, sometimes broken."""
    values = st.recursive(
        st.sampled_from(["null", "1", '"x"', "1.5", "true", "[]", "{}", "[null]"]),
        lambda v: st.dictionaries(keys, v, max_size=2).map(as_object),
        max_leaves=4,
    )
    whole = st.dictionaries(keys, values, max_size=3).map(as_object)
    ends = st.sampled_from([" ", "x", ",a=1", "}"])
    return mostly(whole, st.tuples(whole, ends).map("".join))


def as_object(items):
    """A JSON object of texts that are JSON."""
    return "{" + ", ".join(f"{json.dumps(key)}: {text}" for key, text in items.items()) + "}"


def flags(paths=PATHS, noise=TEXT, keys=KEYS):
    """`(flag, text)`, in any order."""
    kinds = {
        "--set": mostly(texts(VALUES, paths), noise),
        "--set-string": texts(VALUES, paths),
        "--set-json": mostly(texts(JSONS, paths), noise | objects(keys), odds=4),
        "--set-file": texts(FILE_NAMES, paths),
    }
    one = st.one_of([st.tuples(st.just(flag), text) for flag, text in kinds.items()])
    return st.lists(one, max_size=3).map(tuple)
