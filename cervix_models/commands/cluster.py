"""The subcommand `cluster`: the Ray cluster of this installation, and the readers served on it."""

from __future__ import annotations

import argparse
import sys

from cervix_models.commands._arguments import positive
from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `cluster`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "cluster",
        help="look at the Ray cluster that CERVIX_RAY_ADDRESS names, and serve readers on it",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    status = actions.add_parser("status", help="say what the cluster has and serves")
    status.set_defaults(func=_status)
    serve = actions.add_parser("serve", help="have the cluster run the readers of the pages")
    serve.add_argument("--least", type=positive, default=1, help="copies at rest (default 1)")
    serve.add_argument("--most", type=positive, default=4, help="copies at most (default 4)")
    serve.set_defaults(func=_serve)
    stop = actions.add_parser("stop", help="end the readers on the cluster")
    stop.set_defaults(func=_stop)


def _status(args: argparse.Namespace) -> int:
    from cervix_models.cluster import connect, gpus
    from cervix_models.services.serving import served

    settings = load_settings()
    ray = connect(settings)
    nodes = sum(bool(each["Alive"]) for each in ray.nodes())
    cores = int(ray.cluster_resources().get("CPU", 0))
    sys.stdout.write(
        f"{settings.ray_address}: Ray {ray.__version__}, {nodes} machines, {cores} processors, "
        f"{gpus(ray)} GPUs; {served(settings)}\n"
    )
    return 0


def _serve(args: argparse.Namespace) -> int:
    from cervix_models.services.serving import Scale, serve_readers, served

    settings = load_settings()
    serve_readers(settings, Scale(args.least, args.most))
    sys.stdout.write(f"{served(settings)}\n")
    return 0


def _stop(args: argparse.Namespace) -> int:
    from cervix_models.services.serving import take_off

    take_off(load_settings())
    sys.stdout.write("The readers on the cluster were ended.\n")
    return 0
