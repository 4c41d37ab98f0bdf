import click


@click.group()
def calls():
    pass


@click.group()
def tickets():
    pass


@click.group()
def audit():
    pass


@click.group()
def db():
    pass
