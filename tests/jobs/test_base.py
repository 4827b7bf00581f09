from urllib.parse import parse_qs, urlsplit

import yaml

import canarygate
from canarygate.cli.serve import WEIGHTS_OPTIONS
from canarygate.weights.matchers import parse_matchers
from canarygate.weights.queries import Selection, build_queries
from tests.jobs.manifests import JOBS, templates

BASE = JOBS / "base"
WEIGHTS = BASE / "weights"

DEPLOYMENT = yaml.safe_load((WEIGHTS / "canarygate-weights.deployment.yaml").read_text("utf-8"))
SERVICE = yaml.safe_load((WEIGHTS / "canarygate-weights.service.yaml").read_text("utf-8"))
POLICY = yaml.safe_load((WEIGHTS / "canarygate-weights.networkpolicy.yaml").read_text("utf-8"))
KUSTOMIZATION = yaml.safe_load((BASE / "kustomization.yaml").read_text("utf-8"))
[CONTAINER] = DEPLOYMENT["spec"]["template"]["spec"]["containers"]
ENVIRONMENT = {each["name"]: each["value"] for each in CONTAINER["env"]}
PODS = DEPLOYMENT["spec"]["template"]["metadata"]["labels"].items()


def asked() -> str:
    """The address that canary-safe-weight asks, with the tests' arguments."""
    metric, _ = templates()["canary-safe-weight"].resolved()
    url: str = metric["provider"]["web"]["url"]
    return url


def test_the_weight_service_is_this_version_s_image_with_its_own_variables() -> None:
    assert f"ghcr.io/acme/canarygate:{canarygate.__version__}" == CONTAINER["image"]
    assert ["serve", "weights"] == CONTAINER["args"]
    assert set() == set(ENVIRONMENT) - {option.variable for option in WEIGHTS_OPTIONS}


def test_the_template_s_address_leads_to_its_pods() -> None:
    url = urlsplit(asked())
    [served] = SERVICE["spec"]["ports"]
    [port] = CONTAINER["ports"]

    assert f"{SERVICE['metadata']['name']}.{KUSTOMIZATION['namespace']}" == url.hostname
    assert (url.port, "http", "http") == (served["port"], served["targetPort"], port["name"])
    assert str(port["containerPort"]) == ENVIRONMENT["PORT"]
    for selector in (
        SERVICE["spec"]["selector"],
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        POLICY["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= PODS


def test_the_service_understands_what_the_template_asks_and_tells_pods_as_the_others_do() -> None:
    """A parameter that its matchers do not use, or lack, would be refused."""
    asks = {name: value[0] for name, value in parse_qs(urlsplit(asked()).query).items()}
    selection = Selection(
        matchers=parse_matchers(ENVIRONMENT["MATCHERS"]),
        canary=parse_matchers(ENVIRONMENT["CANARY_MATCHERS"]),
        stable=parse_matchers(ENVIRONMENT["STABLE_MATCHERS"]),
    )
    texts = {query.role: query.text for query in build_queries(selection, asks)}

    assert set(selection.parameters) == set(asks)
    assert 'namespace="shop"' in texts["canary"]
    assert 'pod=~"checkout-6b8c7-[a-z0-9]+"' in texts["canary"]
    assert 'pod=~"checkout-5d7f4-[a-z0-9]+"' in texts["stable"]
