"""Operations on gateways, datasets and models."""

from fedpact.contracts import api
from fedpact.contracts.identity import Role
from fedpact.contracts.registry import VersionRecord
from fedpact.portal.entrypoints.routes.route import POST, Route, get, listed

REGISTRY = (
    listed("/v1/gateways", "gateways", api.GatewayPage, "registry", "Gateways of one's organization"),
    get("/v1/gateways/{gateway}", "gateway", api.GatewayView, "registry", "One gateway"),
    Route(
        method=POST,
        path="/v1/gateways",
        handler="register_gateway",
        body=api.NewGateway,
        answer=api.GatewayView,
        status=201,
        tag="registry",
        roles=(Role.ADMIN,),
        summary="Make a site known",
    ),
    listed("/v1/datasets", "datasets", api.DatasetPage, "registry", "Datasets of all custodians"),
    get("/v1/datasets/{dataset}", "dataset", api.DatasetView, "registry", "One dataset"),
    listed("/v1/dataset-proposals", "proposals", api.ProposalPage, "registry", "Datasets one's organization proposed"),
    get("/v1/dataset-proposals/{proposal}", "proposal", api.ProposalView, "registry", "One proposed dataset"),
    Route(
        method=POST,
        path="/v1/dataset-proposals",
        handler="propose_dataset",
        body=api.NewProposal,
        answer=api.ProposalView,
        status=201,
        tag="registry",
        roles=(Role.DATA_STEWARD,),
        summary="Propose an entry of a gateway's inbox as a dataset; the gateway accepts or refuses it",
    ),
    listed("/v1/models", "models", api.ModelPage, "registry", "Models with their versions"),
    get("/v1/models/{model}", "registered_model", api.ModelView, "registry", "One model"),
    Route(
        method=POST,
        path="/v1/models",
        handler="register_model",
        body=api.NewModel,
        answer=api.ModelView,
        status=201,
        tag="registry",
        roles=(Role.MODEL_MANAGER,),
        summary="Make a model known",
    ),
    Route(
        method=POST,
        path="/v1/models/{model}/versions",
        handler="add_model_version",
        body=VersionRecord,
        answer=api.ModelView,
        status=201,
        tag="registry",
        roles=(Role.MODEL_MANAGER,),
        summary="Add a version to a model",
    ),
)
