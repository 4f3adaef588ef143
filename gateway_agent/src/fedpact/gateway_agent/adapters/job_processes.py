"""
How FLARE starts the processes of a job here: as it does itself, but they end when they have ended.

FLARE's program sleeps for three seconds after its work, for pending activities to finish. By then it has published its
results, drained streams and callbacks and closed its cell, so every job would only end three seconds late. This file
is put into each kit and runs there twice: in a FLARE server or client as its launcher, in the process of a job as its
program. It imports nothing of ours, so it works in every model's image.
"""

import importlib
import os
import sys

from nvflare.apis.fl_constant import FLContextKey
from nvflare.apis.fl_context import FLContext
from nvflare.apis.job_launcher_spec import JobProcessArgs
from nvflare.app_common.job_launcher.client_process_launcher import ClientProcessJobLauncher
from nvflare.app_common.job_launcher.server_process_launcher import ServerProcessJobLauncher
from nvflare.fuel.f3.mpm import MainProcessMonitor


class ServerJobs(ServerProcessJobLauncher):  # type: ignore[misc]
    """Starts the server's part of a job."""

    def get_command(self, job_meta: object, fl_ctx: FLContext) -> str:
        return str(super().get_command(job_meta, _through_here(fl_ctx)))


class ClientJobs(ClientProcessJobLauncher):  # type: ignore[misc]
    """Starts a site's part of a job."""

    def get_command(self, job_meta: object, fl_ctx: FLContext) -> str:
        return str(super().get_command(job_meta, _through_here(fl_ctx)))


def _through_here(fl_ctx: FLContext) -> FLContext:
    """The context of a launch, with this file in front of FLARE's program."""
    arguments = fl_ctx.get_prop(FLContextKey.JOB_PROCESS_ARGS)
    _, program = arguments[JobProcessArgs.EXE_MODULE]
    arguments[JobProcessArgs.EXE_MODULE] = (__file__, program)
    return fl_ctx


def main() -> None:
    """Run the program of FLARE's that is named first, with the arguments after it."""
    program = importlib.import_module(sys.argv.pop(1))
    arguments = program.parse_arguments()
    folder = os.path.join(arguments.workspace, arguments.job_id)  # noqa: PTH118 - as FLARE names it
    sys.exit(MainProcessMonitor.run(program.main, run_dir=folder, shutdown_grace_time=0, args=arguments))


if __name__ == "__main__":
    main()
