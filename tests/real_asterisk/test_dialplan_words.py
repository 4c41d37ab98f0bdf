"""Every function and application that the dialplan names is there on a node that runs.

A function that no loaded module provides is read as nothing, and only a line of the log says so.
"""

import re
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from tests.real_asterisk.system import Records, node_alone

OUR_DIALPLAN = sorted(Path("config/asterisk/l110").glob("*.conf"))
COMMENT = re.compile(r"(?:^|(?<=\s));.*$", re.MULTILINE)
FUNCTION = re.compile(r"(?<!\w)([A-Z][A-Z0-9_]+)\(")
# After the priority of a line; after the question of an ExecIf; what an Originate runs.
APPLICATIONS = (
    re.compile(r"^(?:exten =>[^,]+,| same => )(?:\d+|n)(?:\(\w+\))?,(\w+)\(", re.MULTILINE),
    re.compile(r"ExecIf\(.*\?(\w+)\("),
    re.compile(r"Originate\([^,]+,app,(\w+),"),
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with node_alone(tmp_path_factory.mktemp("words"), 20) as system:
        yield system


def dialplan() -> str:
    return "\n".join(COMMENT.sub("", file.read_text()) for file in OUR_DIALPLAN)


def applications_named(text: str) -> Set[str]:
    return {name.lower() for pattern in APPLICATIONS for name in pattern.findall(text)}


def functions_named(text: str) -> Set[str]:
    return set(FUNCTION.findall(text)) - {name.upper() for name in applications_named(text)}


def missing(system: Records, text: str) -> Set[str]:
    """What the text names and nobody has registered."""
    applications = ask(system.node.home, "core show applications").splitlines()
    there = {line.split(":")[0].strip().lower() for line in applications if ":" in line}
    functions = ask(system.node.home, "core show functions").splitlines()
    known = {line.split()[0] for line in functions if line}
    return (applications_named(text) - there) | (functions_named(text) - known)


def test_all_that_the_dialplan_names_is_registered(system: Records) -> None:
    assert missing(system, dialplan()) == set()


def test_the_words_of_the_dialplan_are_all_found_in_it() -> None:
    """Else the test above could be true of nothing."""
    text = dialplan()
    lines = re.findall(r"^(?:exten =>|\s*same =>)", text, re.MULTILINE)
    assert len(APPLICATIONS[0].findall(text)) == len(lines)
    assert {"GLOBAL", "GROUP", "TIMEOUT", "SHARED", "REGEX"} <= functions_named(text)
    assert {"agi", "queue", "bridgeadd", "softhangup"} <= applications_named(text)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (" same => n,Set(A=${INVENTED(1)})", "INVENTED"),
        (" same => n,Set(INVENTED(a)=1)", "INVENTED"),
        (" same => n(x),Inventa(1)", "inventa"),
        (" same => n,ExecIf($[1]?Inventa(1))", "inventa"),
    ],
)
def test_control_a_word_that_nobody_registered_is_reported(
    system: Records, line: str, word: str
) -> None:
    assert missing(system, f"{dialplan()}\n{line}\n") == {word}


def test_control_without_its_module_a_function_of_the_dialplan_is_reported(
    system: Records,
) -> None:
    """The node ran like that once: nothing was ever left out of the ladder."""
    ask(system.node.home, "module unload func_global.so")
    assert missing(system, dialplan()) == {"GLOBAL", "SHARED"}
    ask(system.node.home, "module load func_global.so")
    assert missing(system, dialplan()) == set()
