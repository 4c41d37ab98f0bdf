"""The settings of one deployment. Only `scripts/` imports this; everyone else is handed values."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config import running, sections
from config.fields import NodeName
from config.layers import WHOLE, Layer, SettingsRejected, file_layer, merged, source_of

__all__ = ["ROOT", "Settings", "SettingsRejected", "load_settings"]

ROOT = Path(__file__).resolve().parents[1]
DEFAULTS = ROOT / "config" / "defaults.toml"
PROFILES = ROOT / "config" / "profiles"
PREFIX = "L110_"
NESTED = "__"
MEMORY = Path("/dev/shm")  # a tmpfs on every Linux


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter=NESTED
    )

    node: NodeName = Field(description="Name of this Asterisk node, in every call's id.")
    profile: str = Field(
        pattern=r"^([a-z][a-z0-9-]*)?$",
        description="City whose folder in config/profiles/ is read over the defaults; empty: none.",
    )
    var_dir: str = Field(
        min_length=1, description="Folder of all state, relative to the checkout or absolute."
    )
    secrets_dir: str = Field(
        description="Folder of the secrets, relative to the checkout or absolute; empty: "
        "<var_dir>/secrets. One that is root's alone cannot be changed by the processes themselves."
    )
    database_url: str = Field(
        description="SQLAlchemy URL of the store; empty: SQLite at <var_dir>/store.sqlite3."
    )
    rules_file: str = Field(
        min_length=1, description="Routing rules, relative to the checkout or absolute."
    )
    deadlines_file: str = Field(
        min_length=1,
        description="Deadline classes, office hours and the ladder of supervision, relative to "
        "the checkout or absolute.",
    )
    sip: sections.Sip = Field(description="SIP and RTP of our Asterisk.")
    agi: sections.Agi = Field(description="The bridge that gives verdicts.")
    ami: sections.Ami = Field(description="Asterisk's manager interface.")
    http: sections.Http = Field(description="Asterisk's HTTP server.")
    web: sections.Web = Field(description="The desk.")
    trunk: sections.Trunk = Field(description="The trunk from the switch.")
    police: sections.Police = Field(description="Police lines, seats and what lies behind them.")
    livelihood: sections.Livelihood = Field(description="The livelihood hotline.")
    queues: sections.Queues = Field(description="Both queues.")
    seat_keys: sections.SeatKeys = Field(description="Keys of a seat in a talk.")
    admission: sections.Admission = Field(
        description="Who is let in when too many call at once. What is refused here rings the "
        "police at the switch."
    )
    release: sections.Release = Field(description="How a police line is given back.")
    log: running.Log = Field(description="Logs.")
    supervisor: running.Supervisor = Field(description="`l110 up` and `l110 down`.")
    records: running.Records = Field(
        description="Where the call records are, if a site runs an Asterisk of its own."
    )
    audit: running.Audit = Field(description="`l110 audit`.")
    health: running.Health = Field(description="Health pages, and what is an alarm.")
    mail: running.Mail = Field(description="The mail server for what goes out to the units.")
    sending: running.Sending = Field(description="Messages to the units.")
    selftest: running.SelfTest = Field(description="The node's call to itself.")
    doctor: running.Doctor = Field(description="`l110 doctor --switch`.")
    call_backs: running.CallBacks = Field(
        description="The call to a citizen after his ticket is solved."
    )
    demo: running.Demo = Field(description="`scripts/demo` and the tests with real calls.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands above the files, which come in as the constructor's arguments."""
        return env_settings, init_settings

    def path(self, name: str) -> Path:
        """`name` below the checkout, unless it is absolute."""
        return ROOT / name

    @property
    def var(self) -> Path:
        return self.path(self.var_dir)

    @property
    def rules_path(self) -> Path:
        return self.path(self.rules_file)

    @property
    def deadlines_path(self) -> Path:
        return self.path(self.deadlines_file)

    @property
    def last_good_rules_path(self) -> Path:
        """The bridge's copy of the last rules that were good."""
        return self.var / "rules.last-good.toml"

    @property
    def suggestion_path(self) -> Path:
        """What `l110 suggest train` has learnt."""
        return self.var / "suggestion" / "units.npz"

    @property
    def store_url(self) -> str:
        """A relative SQLite file lies below the checkout, whatever folder the user stands in."""
        kind, _, name = (self.database_url or f"sqlite:///{self.var_dir}/store.sqlite3").partition(
            ":///"
        )
        is_file = kind.startswith("sqlite") and name not in ("", ":memory:")
        return f"{kind}:///{self.path(name)}" if is_file else self.database_url

    @property
    def journal_path(self) -> Path:
        return self.var / "journal.sqlite3"

    @property
    def health_host(self) -> str:
        return self.health.host or self.agi.host

    @property
    def web_host(self) -> str:
        """Never by itself an address that others reach."""
        if self.web.host:
            return self.web.host
        return self.agi.host if self.agi.host.startswith(sections.LOOPBACK) else "127.0.0.1"

    @property
    def ban_list_path(self) -> Path:
        return self.var / "run" / "sip-banned"

    @property
    def messages_path(self) -> Path:
        """What citizens said after the tone of a call-back."""
        own = self.call_backs.messages_dir
        return self.path(own) if own else self.var / "messages"

    @property
    def log_dir(self) -> Path:
        return self.var / "log"

    @property
    def asterisk_dir(self) -> Path:
        return self.var / "asterisk"

    @property
    def asterisk_etc(self) -> Path:
        return self.asterisk_dir / "etc"

    @property
    def own_cel_path(self) -> Path:
        """What the Asterisk of `l110 up` writes, whoever reads it."""
        return self.asterisk_dir / "log" / "cel-custom" / "l110.jsonl"

    @property
    def cel_path(self) -> Path:
        return self.path(self.records.cel_file) if self.records.cel_file else self.own_cel_path

    @property
    def starts_path(self) -> Path:
        """In memory: a slow disk must hold up no answer."""
        if self.records.starts_dir:
            return self.path(self.records.starts_dir)
        name = hashlib.sha256(str(self.var).encode()).hexdigest()[:12]
        return MEMORY / f"l110-{name}"

    @property
    def cdr_path(self) -> Path:
        own = self.asterisk_dir / "log" / "cdr-custom" / "l110-cdr.jsonl"
        return self.path(self.records.cdr_file) if self.records.cdr_file else own

    @property
    def switch_list_path(self) -> Path | None:
        return self.path(self.audit.switch_list_path) if self.audit.switch_list_path else None

    def secret_path(self, name: str) -> Path:
        """What systemd hands to a process of ours comes before the file that it was read from."""
        handed = Path(os.environ.get("CREDENTIALS_DIRECTORY") or "/nowhere") / name
        kept = self.path(self.secrets_dir) if self.secrets_dir else self.var / "secrets"
        return handed if name and handed.is_file() else kept / name


def load_settings(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read every layer. `environ` serves the message only: pydantic reads the process's own.

    Raises:
        SettingsRejected: with every fault, each naming its file or variable, and the key.
    """
    environ = os.environ if environ is None else environ
    layers = _layers(file or _named_file(environ), environ)
    _refuse_unknown_variables(environ)
    try:
        return Settings(**_without_whole_variables(merged(layers)))
    except ValidationError as error:
        problems = tuple(_problem(dict(e), layers, environ) for e in error.errors())
        raise SettingsRejected(problems) from None
    except ValueError as error:  # a list in a variable that is no JSON
        raise SettingsRejected((f"environment: {error}",)) from None


def _without_whole_variables(values: dict[str, Any]) -> dict[str, Any]:
    """A table of WHOLE in the environment takes the place of the files', as a file's would."""
    for table, name in WHOLE:
        if PREFIX + f"{table}{NESTED}{name}".upper() in os.environ:
            kept = {key: value for key, value in values[table].items() if key != name}
            values = {**values, table: kept}
    return values


def _named_file(environ: Mapping[str, str]) -> Path | None:
    return Path(environ["L110_CONFIG"]) if environ.get("L110_CONFIG") else None


def _layers(file: Path | None, environ: Mapping[str, str]) -> tuple[Layer, ...]:
    layers = [file_layer(DEFAULTS)]
    site = [file_layer(file)] if file else []
    profile = environ.get("L110_PROFILE") or merged([*layers, *site]).get("profile")
    if profile:
        layers.append(file_layer(PROFILES / str(profile) / "settings.toml"))
    return (*layers, *site)


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    """`L110_SPI__PORT` sets nothing, so it would be a typing error that nobody sees."""
    tables = {name.upper() for name in Settings.model_fields}
    nested = [name for name in environ if name.startswith(PREFIX) and NESTED in name]
    unknown = [n for n in nested if n.removeprefix(PREFIX).split(NESTED)[0].upper() not in tables]
    if unknown:
        raise SettingsRejected(tuple(f"environment: {name}: unknown setting" for name in unknown))


def _problem(error: dict[str, Any], layers: tuple[Layer, ...], environ: Mapping[str, str]) -> str:
    path = tuple(error["loc"])
    key = ".".join(map(str, path))
    says = "unknown key" if error["type"] == "extra_forbidden" else error["msg"]
    return f"{_variable(path, environ) or source_of(path, layers)}: {key}: {says}"


def _variable(path: tuple[str | int, ...], environ: Mapping[str, str]) -> str | None:
    for depth in range(len(path), 0, -1):
        name = PREFIX + NESTED.join(map(str, path[:depth])).upper()
        if name in environ:
            return f"environment: {name}"
    return None
