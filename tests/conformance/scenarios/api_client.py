"""``APIClient``: the SDK's classes for every action, with no task around them."""

from __future__ import annotations

from tests.conformance.expectations import equal
from tests.conformance.server import UNKNOWN, unique


def scenario_services_of_the_api_client():
    from clearml.backend_api.services.v2_23.events import MetricsScalarEvent
    from clearml.backend_api.session.client import APIClient, APIError

    client, name = APIClient(), unique("sdk")
    project = client.projects.create(name=name, description="words")
    task = client.tasks.create(name="by hand", type="training", project=project.id)
    model = client.models.create(name="net", uri="https://storage.example/m.bin", task=task.id, project=project.id)
    client.tasks.started(task=task.id)
    client.events.add(MetricsScalarEvent(task=task.id, metric="m", variant="v", value=2.5, iter=4))
    client.tasks.completed(task=task.id)

    found = client.projects.get_all(name=f"^{name}$")[0]
    equal((found.id, found.name, found.description), (project.id, name, "words"), "project")
    found = client.tasks.get_all(project=[project.id], status=["completed"], order_by=["-last_update"])[0]
    equal((found.id, found.data.type.value, found.last_iteration), (task.id, "training", 4), "task")
    equal([one.id for one in client.models.get_all(project=[project.id])], [model.id], "models")
    events = client.events.get_scalar_metric_data(task=task.id, metric="m").events
    equal([(event["iter"], event["value"]) for event in events], [(4, 2.5)], "scalars")
    equal(client.workers.get_all(last_seen=1) is not None, True, "workers")
    try:
        client.tasks.get_by_id(task=UNKNOWN)
        raise AssertionError("an unknown task was found")
    except APIError as error:
        equal((error.code, error.subcode), (400, 101), "codes of the refusal")
