"""Services that start other tasks: a scheduler and an optimizer of hyperparameters."""

from __future__ import annotations

import os
import threading

from tests.conformance.expectations import check, close_to, equal, until
from tests.conformance.server import unique


def scenario_scheduler_puts_a_clone_into_a_queue():
    from clearml import Task
    from clearml.automation import TaskScheduler
    from clearml.backend_api.session.client import APIClient

    project, name, client = unique("sdk"), unique("queue"), APIClient()
    queue = client.queues.create(name=name).id
    template = Task.create(project_name=project, task_name="nightly", task_type="training")
    template.set_parameters({"Args/rows": 1})
    scheduler = TaskScheduler(force_create_task_name="scheduler", force_create_task_project=project)
    scheduler.add_task(schedule_task_id=template.id, queue=name, name="every hour", hour=1, execute_immediately=True,
                       task_parameters={"Args/rows": 7})  # fmt: skip
    threading.Thread(target=scheduler.start, daemon=True).start()

    waiting = until(lambda: client.queues.get_by_id(queue=queue).entries, len, "nothing was scheduled", 30)
    launched = Task.get_task(task_id=waiting[0].task)
    check(launched.id != template.id, "the template itself was enqueued")
    equal((launched.parent, launched.get_status()), (template.id, "queued"), "parent and status")
    equal(launched.get_parameters(), {"Args/rows": "7"}, "parameters")
    service = Task.get_task(project_name=project, task_name="scheduler")
    equal(str(service.task_type), "service", "type of the scheduler")
    check("every hour" in until(lambda: service.get_configuration_object("schedule"), bool, "no schedule"), "schedule")
    os._exit(0)  # the scheduler's loop never ends


class Worker(threading.Thread):
    """An agent's part: takes tasks from a queue, and reports x squared as their loss."""

    def __init__(self, queue: str) -> None:
        super().__init__(daemon=True)
        self.queue = queue

    def run(self) -> None:
        from clearml.backend_api.services.v2_23.events import MetricsScalarEvent
        from clearml.backend_api.session.client import APIClient

        client = APIClient()
        while True:
            entry = until(lambda: client.queues.get_next_task(queue=self.queue).entry, bool, "no more tasks", 60)
            x = float(client.tasks.get_by_id(task=entry.task).hyperparams["General"]["x"].value)
            client.tasks.started(task=entry.task)
            client.events.add(MetricsScalarEvent(task=entry.task, metric="loss", variant="x", value=x * x, iter=1))
            client.tasks.completed(task=entry.task)


def scenario_optimizer_finds_the_best_hyperparameters():
    from clearml import Task
    from clearml.automation import DiscreteParameterRange, GridSearch, HyperParameterOptimizer
    from clearml.backend_api.session.client import APIClient

    project, name = unique("sdk"), unique("queue")
    queue = APIClient().queues.create(name=name).id
    base = Task.create(project_name=project, task_name="base", task_type="training")
    base.set_parameters({"General/x": 9})
    controller = Task.init(project_name=project, task_name="optimizer", task_type=Task.TaskTypes.optimizer,
                           auto_connect_frameworks=False, auto_resource_monitoring=False)  # fmt: skip
    Worker(queue).start()
    optimizer = HyperParameterOptimizer(
        base_task_id=base.id, hyper_parameters=[DiscreteParameterRange("General/x", values=[3, -1, 2])],
        objective_metric_title="loss", objective_metric_series="x", objective_metric_sign="min",
        max_number_of_concurrent_tasks=2, optimizer_class=GridSearch, execution_queue=name, pool_period_min=0.005,
        total_max_jobs=3,
    )  # fmt: skip
    check(optimizer.start(), "the optimizer does not start")
    check(optimizer.wait(timeout=1), "the optimizer does not end")
    best = optimizer.get_top_experiments(top_k=3)
    optimizer.stop(wait_for_reporter=False)  # which sleeps a quarter of a minute between its reports
    equal([task.get_parameters()["General/x"] for task in best], ["-1", "2", "3"], "experiments, the best first")
    equal({task.parent for task in best}, {controller.id}, "parents")
    close_to(best[0].get_last_scalar_metrics()["loss"]["x"]["last"], 1.0, "loss of the best")
    controller.close()
