"""The subcommand `accounts`: who may sign in, for whoever has the machine."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cervix_models.services.accounts import Accounts


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `accounts`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "accounts",
        help="list accounts, and make links for new ones or new passwords",
        description="Who may sign in. A link is printed as the end of an address; put the address "
        "of the application before it, and send it to one person.",
    )
    ways = parser.add_subparsers(dest="way", metavar="WAY", required=True)
    ways.add_parser("list", help="every account with its roles").set_defaults(func=_list)
    invite = ways.add_parser("invite", help="a link that makes one account")
    invite.add_argument("roles", nargs="+", help="student, pathologist, instructor, admin")
    invite.set_defaults(func=_invite)
    renew = ways.add_parser("renew", help="a link by which somebody makes a new password")
    renew.add_argument("name")
    renew.set_defaults(func=_renew)
    roles = ways.add_parser("roles", help="gives an account other roles")
    roles.add_argument("name")
    roles.add_argument("roles", nargs="+")
    roles.set_defaults(func=_roles)
    for way, about in (("disable", "lets an account in no more"), ("enable", "lets it in again")):
        known = ways.add_parser(way, help=about)
        known.add_argument("name")
        known.set_defaults(func=_disable)


def _list(args: argparse.Namespace) -> int:
    for each in _service().all():
        state = "" if each.disabled_at is None else "  (not let in)"
        sys.stdout.write(f"{each.name}: {', '.join(each.roles)}{state}\n")
    return 0


def _invite(args: argparse.Namespace) -> int:
    return _told(_service().invite(args.roles))


def _renew(args: argparse.Namespace) -> int:
    service = _service()
    return _told(service.renew(service.named(args.name).id))


def _roles(args: argparse.Namespace) -> int:
    service = _service()
    service.set_roles(service.named(args.name).id, args.roles)
    return 0


def _disable(args: argparse.Namespace) -> int:
    service = _service()
    service.disable(service.named(args.name).id, disabled=args.way == "disable")
    return 0


def _told(token: str) -> int:
    sys.stdout.write(f"/account/start?token={token}\n")
    return 0


def _service() -> Accounts:
    from cervix_models.services.accounts import open_accounts
    from cervix_models.settings import load_settings

    return open_accounts(load_settings())
