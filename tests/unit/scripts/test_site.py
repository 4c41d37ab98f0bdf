"""`l110 config`: what is in force, and what a site's own Asterisk includes."""

import json
import re
import tomllib

import pytest
from click.testing import CliRunner

from config.settings import load_settings
from scripts.asterisk_config import SOURCES
from scripts.cli.main import l110
from scripts.cli.site import additions


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / "var"))
    return lambda *arguments: CliRunner().invoke(l110, ["config", *arguments])


@pytest.fixture
def rendered(run, tmp_path):
    answer = run("render", str(tmp_path / "l110"))
    assert answer.exit_code == 0, answer.output
    return answer.output, tmp_path / "l110"


def test_every_rendered_file_is_included_by_a_line_that_is_told_or_by_another_file(rendered):
    told, folder = rendered
    files = {path.name: path.read_text() for path in folder.glob("*.conf")}
    included = set(re.findall(r"(?m)^\s*#include l110/(\S+)", "\n".join([told, *files.values()])))
    assert included == set(files)


def test_no_placeholder_is_left_for_the_sites_asterisk(rendered):
    assert not [path.name for path in rendered[1].glob("*.conf") if "@{" in path.read_text()]


def test_what_is_rendered_holds_secrets_and_is_its_owners_only(rendered):
    assert {path.stat().st_mode & 0o077 for path in rendered[1].glob("*.conf")} == {0}


def test_who_reads_while_it_is_rendered_anew_reads_the_old_file_whole(rendered, run):
    """As Asterisk does at a reload that comes at that moment."""
    path = rendered[1] / "extensions.conf"
    old = path.read_text() + "; of yesterday\n"
    path.write_text(old)
    path.chmod(0o640)
    with path.open() as reader:
        assert run("render", str(rendered[1])).exit_code == 0
        assert reader.read() == old
    assert path.read_text() != old
    assert path.stat().st_mode & 0o777 == 0o640
    assert not list(rendered[1].glob(".*"))


def test_rendering_again_is_safe_and_touches_nothing_else(rendered, run):
    folder = rendered[1]
    (folder / "own.conf").write_text("the site's")
    before = {path.name: path.read_text() for path in folder.glob("*.conf")}
    assert run("render", str(folder)).exit_code == 0
    assert {path.name: path.read_text() for path in folder.glob("*.conf")} == before


def test_another_name_of_the_folder_is_warned_of(run, tmp_path):
    assert "folder of that name" in run("render", str(tmp_path / "staging")).output
    assert "folder of that name" not in run("render", str(tmp_path / "l110")).output


def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(run, tmp_path):
    (tmp_path / "file").touch()
    answer = run("render", str(tmp_path / "file" / "l110"))
    assert (answer.exit_code, "Error: " in answer.output) == (1, True)


def test_a_site_is_told_the_same_lines_that_our_own_asterisk_has():
    for name, lines in additions(load_settings()).items():
        ours = (SOURCES / "embedded" / name).read_text().replace("@{node}", "n1")
        for line in (each for each in lines if not each.startswith(";")):
            assert re.search(rf"(?m)^\s*{re.escape(line)}$", ours), f"{name}: {line}"


def test_the_settings_shown_are_toml_that_gives_the_same_settings(run, tmp_path):
    shown = run("show").output
    path = tmp_path / "all.toml"
    path.write_text(shown, encoding="utf-8")
    assert load_settings(path) == load_settings()
    assert tomllib.loads(shown) == json.loads(run("show", "--json").output)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://l110:s3cret@db/l110",
        "postgresql://l110@db/l110?password=s3cret",
        "postgresql+psycopg://l110:s3cret@db:port/l110",
        "s3cret",
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_stores_password_is_never_shown(run, monkeypatch, url, form):
    monkeypatch.setenv("L110_DATABASE_URL", url)
    shown = run("show", *form)
    assert (shown.exit_code, "s3cret" in shown.output) == (0, False)
    assert "***" in shown.output or "password=hidden" in shown.output


LIMITS = ("L110_LIVELIHOOD__WAITING_MOST", "L110_POLICE__LINES", "L110_ADMISSION__CALLS_PER_NUMBER")


def queue_options(text, queue):
    """The lines of a queue, its template's first; the last of a name is what Asterisk takes."""
    sections = dict(re.findall(r"(?ms)^\[([a-z0-9-]+)\][^\n]*\n(.*?)(?=^\[|\Z)", text))
    lines = (sections["l110-queue"] + sections[queue]).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != ";")


def test_a_limit_of_the_livelihood_queue_is_rendered_and_none_reaches_the_police(
    run, tmp_path, monkeypatch
):
    for setting in LIMITS:
        monkeypatch.setenv(setting, "1")
    run("render", str(tmp_path / "l110"))
    text = (tmp_path / "l110/queues.conf").read_text()
    assert queue_options(text, "livelihood")["maxlen"] == "1"
    for queue in ("police", "police-menu-off"):
        assert queue_options(text, queue)["maxlen"] == "0"


def test_no_placeholder_stands_where_the_police_queues_have_their_limit():
    text = (SOURCES / "l110/queues.conf").read_text()
    for queue in ("police", "police-menu-off"):
        assert queue_options(text, queue)["maxlen"] == "0"
    assert queue_options(text, "livelihood")["maxlen"] == "@{livelihood_waiting_most}"


@pytest.mark.parametrize("release", ["", "refer", "redirect"])
def test_a_trunks_own_way_of_release_stands_on_its_endpoint(run, tmp_path, monkeypatch, release):
    monkeypatch.setenv("L110_TRUNK__RELEASE", release)
    assert run("render", str(tmp_path / "l110")).exit_code == 0
    rendered = (tmp_path / "l110/pjsip-site.conf").read_text()
    assert re.findall(r"(?m)^set_var=L110_RELEASE=(.*)$", rendered) == (
        [release] if release else []
    )
