"""Writing a pact down: the content of a compute spec from what one has at hand."""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue, ValidationError

from fedpact.client.errors import InputError
from fedpact.client.given import wrong
from fedpact.contracts.pact import Demand, Resources, SpecContent


def pact(
    model: str,
    datasets: Iterable[str],
    *,
    clients: Resources | None = None,
    server: Resources | None = None,
    clients_per_gateway: int = 1,
    parameters: Mapping[str, JsonValue] | None = None,
) -> SpecContent:
    """
    The content of a spec: run `model`, given as ID@VERSION, on `datasets`.

    `parameters`, when given, bind every payload.
    """
    if isinstance(datasets, str) or not isinstance(datasets, Iterable):
        raise InputError("the datasets are a list of ids, such as ['heart_gateway-1_lakeside']", path="datasets")
    if not isinstance(parameters, Mapping | None):
        raise InputError("the parameters are a dict, such as {'rounds': 5}", path="parameters")
    usual = Demand()
    said: dict[str, object] = {
        "datasets": tuple(datasets),
        "model": model_named(model),
        "resources": Demand(clients=clients or usual.clients, server=server or usual.server),
        "clients_per_gateway": clients_per_gateway,
    }
    said |= {"parameters": dict(parameters)} if parameters is not None else {}
    try:
        return SpecContent.model_validate(said)
    except ValidationError as error:
        raise wrong(error, "the pact") from error


def model_named(text: str) -> dict[str, str]:
    """The model that ID@VERSION names."""
    name, _, version = text.partition("@") if isinstance(text, str) else ("", "", "")
    if not name or not version:
        raise InputError(f"`{text}` does not say which version: give the model as ID@VERSION", path="model")
    return {"id": name, "version": version}
