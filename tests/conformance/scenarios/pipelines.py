"""Pipelines of functions.

No ``from __future__`` here: the SDK writes a step's function and this module's imports into a script, behind other
code.
"""

from tests.conformance.expectations import check, equal
from tests.conformance.server import unique


def step_make(n):
    return list(range(int(n)))


def step_sum(values):
    return sum(values)


def scenario_pipeline_of_functions():
    from clearml import PipelineController, Task

    project = unique("sdk")
    pipe = PipelineController(name="adder", project=project, version="1.0", add_pipeline_tags=True, pool_frequency=0.02)
    pipe.add_parameter("n", 4)
    pipe.add_function_step(
        name="make", function=step_make, function_kwargs={"n": "${pipeline.n}"}, function_return=["values"]
    )
    pipe.add_function_step(
        name="total", function=step_sum, function_kwargs={"values": "${make.values}"}, function_return=["total"]
    )
    pipe.start_locally(run_pipeline_steps_locally=True)
    controller = Task.get_task(task_id=pipe.id)
    total = Task.get_task(task_id=pipe.get_processed_nodes()["total"].executed)
    equal(total.get_parameters()["return/total"], "6", "result of the last step")
    make = Task.get_task(task_id=pipe.get_processed_nodes()["make"].executed)
    equal(make.artifacts["values"].get(), [0, 1, 2, 3], "artifact of the first step")
    equal((total.parent, total.get_status()), (controller.id, "completed"), "parent and status of the step")
    equal(str(controller.task_type), "controller", "type of the pipeline task")
    equal(controller.get_parameters()["Args/n"], "4", "parameter of the pipeline")


def scenario_pipeline_of_decorated_functions():
    from clearml import PipelineController, PipelineDecorator, Task

    @PipelineDecorator.component(return_values=["doubled"], cache=False)
    def double(number):
        return number * 2

    project = unique("sdk")

    @PipelineDecorator.pipeline(name="doubling", project=project, version="2.0")
    def doubling(number=3):
        return double(double(number))

    PipelineDecorator.debug_pipeline()
    equal(doubling(), 12, "result")
    found = Task.get_tasks(task_filter={"type": ["controller"], "search_hidden": True, "_allow_extra_fields_": True,
                                        "_all_": {"fields": ["name"], "pattern": "^doubling$"}})  # fmt: skip
    controller = next(task for task in found if task.get_project_name().startswith(project))
    equal(controller.get_status(), "completed", "status of the controller")
    check("pipeline" in controller.get_system_tags(), "the controller is no pipeline")
    again = PipelineController.get(pipeline_project=project, pipeline_name="doubling")
    equal(again.id, controller.id, "pipeline by name")
