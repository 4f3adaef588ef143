"""Which questions this service answers: who may store and who may read results."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.queries import AskDownload, AskUpload
from fedpact.jobs.app.results import Results


def subscribe(bus: Bus, results: Results) -> None:
    bus.on_query(AskUpload, results.upload)
    bus.on_query(AskDownload, results.download)
