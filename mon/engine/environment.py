"""The MON_* variables of monitors and alerts (PROTOCOL §8, §9)."""

from collections.abc import Mapping

from mon.engine.event import Event
from mon.engine.state import ServiceState
from mon.model.config import Service


def for_monitor(service: Service, state: ServiceState) -> dict[str, str]:
    """What the service's monitor gets: the service's own variables, and mon's, which win."""
    variables = dict(service.variables) | _common(service, state)
    if state.depstatus is not None:
        variables["MON_DEPEND_STATUS"] = str(int(state.depstatus))
    return variables


def for_alert(
    service: Service, state: ServiceState, event: Event, static: Mapping[str, str]
) -> dict[str, str]:
    """What the alerts of an event get.  ``static`` are the variables that say where mon's files are."""
    variables = {**dict(service.variables), **static, **_common(service, state)}
    variables["MON_FIRST_SUCCESS"] = ""  # classic mon sets it, always empty
    variables["MON_ALERTTYPE"] = event.type.value
    variables["MON_OPSTATUS"] = str(int(state.opstatus))
    if event.status is not None:
        variables["MON_RETVAL"] = event.word or str(event.status)
    if state.ack and state.ackcomment:
        variables["MON_ACK"] = state.ackcomment
    if event.intended:
        variables["MON_TRAP_INTENDED"] = event.intended
    return variables


def _common(service: Service, state: ServiceState) -> dict[str, str]:
    variables = {
        "MON_GROUP": service.watch,
        "MON_SERVICE": service.name,
        "MON_LAST_SUCCESS": whole(state.last_success),
        "MON_LAST_FAILURE": whole(state.last_failure),
    }
    if service.description:
        variables["MON_DESCRIPTION"] = service.description
    if state.first_failure or state.last_output is not None:
        variables["MON_FIRST_FAILURE"] = whole(state.first_failure)
    if state.last_output is not None:
        variables["MON_LAST_OUTPUT"] = state.last_output
    # A good result without any output has no summary, which is not the same as an empty one.
    if state.last_summary or state.last_output:
        variables["MON_LAST_SUMMARY"] = state.last_summary
    return variables


def whole(wall: float) -> str:
    """A wall time in whole seconds, as everything classic has it."""
    return str(int(wall))
