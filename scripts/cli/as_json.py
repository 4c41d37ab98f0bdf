"""Answers for programs."""

import json

import click

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


def print_json(value: object) -> None:
    """Days and times as ISO text, Chinese as it is."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
