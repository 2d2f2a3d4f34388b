"""Acts that wish: try again, run again from scratch, pause, resume, cancel, stop, and the place in the queue."""

from exports import kinds
from exports.staff.acts.base import Act, Answer, Case, Order, Wanted, register
from progress.models import Job, Status, Wish

FRONT, USUAL, BACK = 1, 0, -1
PRIORITIES = {"front": FRONT, "usual": USUAL, "back": BACK}
PLACES = (("front", "To the front"), ("usual", "Its usual place"), ("back", "To the back"))


def _done(done: bool, said: str) -> Answer:
    return Answer(ok=done, said=said if done else "Somebody else was first: it has changed meanwhile. Look again.")


def _against_retrying(case: Case) -> str:
    if case.export.job.status in (Status.FAILED, Status.CANCELLED):
        return case.export.lost
    return f"It is {case.now}; only what has failed or was cancelled can be tried again."


def _retry(case: Case, order: Order) -> Answer:
    done = case.export.retry(actor=order.actor, reason=order.reason or "staff asked for it")
    return _done(done, "It waits for its turn; finished parts are kept, and its budgets begin anew.")


def _next(job: Job) -> int:
    return job.attempt + 1 if job.begun else 1


def _again(case: Case, order: Order) -> Answer:
    try:
        made = case.export.again(actor=order.actor, reason=order.reason)
    except kinds.Unplannable as refusal:
        return Answer(ok=False, said=str(refusal))
    if made is None:
        return Answer(ok=False, said="It is being made again already; that one has to end first.")
    whole = "from the sources on" if "afresh" in made.spec else "with the parts that its logo is kept among"
    return Answer(ok=True, said=f"It is made again as {str(made.pk)[:8]}, {whole}.")


def _against_running_again(case: Case) -> str:
    kind = next((kind for kind in kinds.registered() if kind.key == case.export.kind), None)
    if kind is None:
        return f"This version does not know the kind {case.export.kind!r}."
    if not kind.repeatable:
        return "This kind of export is done once only; retry it where it has failed."
    return case.export.lost


def _against_pausing(case: Case) -> str:
    if not kinds.get(case.export.kind).pipeline.pausable:
        return "This kind of export cannot be paused."
    return _against_the_verb(case, "pause")


def _would_pause(case: Case, order: Order) -> str:
    when = "at the next good place" if case.at_work else "before more of it is begun"
    return f"It is paused {when}; its owner can resume it too."


def _against_the_verb(case: Case, verb: str) -> str:
    if verb in case.export.actions:
        return ""
    wished = "" if case.export.job.wish == Wish.RUN else f", with the wish to {case.export.job.wish}"
    return f"That is not possible: it is {case.now}{wished}."


def _cancel(case: Case, order: Order) -> Answer:
    done = case.export.cancel(actor=order.actor, reason=order.reason)
    ended = Job.objects.filter(pk=case.export.pk, status=Status.CANCELLED).exists()
    told = "It is told to stop; finished parts are kept."
    return _done(done, "It is cancelled; nothing was running for it." if ended else told)


def _against_stopping(case: Case) -> str:
    if case.export.job.settled and not case.at_work:
        return f"It is {case.now}, and nothing runs for it."
    return "" if not case.export.stop_hard else "That was asked for already; check it now to see how it stands."


def _would_stop(case: Case, order: Order) -> str:
    if case.export.job.settled:
        return "It has ended; what may still run for it is killed."
    left = "what runs for it is killed" if case.at_work else "nothing runs for it"
    return f"It ends as cancelled at {case.export.job.percent} %; {left}."


def _stop(case: Case, order: Order) -> Answer:
    done = case.export.stop(actor=order.actor, reason=order.reason)
    if case.ended_otherwise(Status.CANCELLED):
        return _done(done, "It had ended; what may still run for it is ended without being given time.")
    if not case.at_work:
        return _done(done, "It is cancelled; nothing was running for it.")
    return _done(done, "It is cancelled, and what runs for it is ended without being given time.")


def _against_moving(case: Case) -> str:
    if case.export.job.status in (Status.QUEUED, Status.UPLOADING):
        return ""
    return f"It is {case.now}; only what waits has a place in the queue."


def _move(case: Case, order: Order) -> Answer:
    if order.given not in PRIORITIES:
        return Answer(ok=False, said="Say where to: to the front, to the back or to its usual place.")
    moved = case.export.move_in_queue(PRIORITIES[order.given])
    where = dict(PLACES)[order.given].lower()
    return Answer(ok=moved, said=f"Moved: {where}." if moved else f"It stood there already: {where}.")


register(
    Act(
        key="retry",
        order=5,
        label="Retry from the last good stage",
        says="What is finished is kept; errors and interruptions are counted anew.",
        permission="exports.retry_export",
        against=_against_retrying,
        plan=lambda case, order: f"Attempt {_next(case.export.job)} is begun when its turn comes.",
        take=_retry,
    )
)
register(
    Act(
        key="again",
        order=6,
        label="Run again from scratch",
        says="A new export beside this one, of the same sources, that takes up nothing finished.",
        permission="exports.again_export",
        against=_against_running_again,
        plan=lambda case, order: f"A new export “{case.export.job.title}” of the same owner, linked to this one.",
        take=_again,
    )
)
register(
    Act(
        key="pause",
        order=7,
        label="Pause",
        says="The piece under way is finished first.",
        permission="exports.pause_export",
        against=_against_pausing,
        plan=_would_pause,
        take=lambda case, order: _done(case.export.pause(actor=order.actor), "It is told to pause."),
    )
)
register(
    Act(
        key="resume",
        order=8,
        label="Resume",
        says="From the finished pieces on.",
        permission="exports.pause_export",
        against=lambda case: _against_the_verb(case, "resume"),
        plan=lambda case, order: "It goes back into the queue, or its pause is taken back.",
        take=lambda case, order: _done(case.export.resume(actor=order.actor), "It goes on."),
    )
)
register(
    Act(
        key="cancel",
        order=9,
        label="Cancel",
        says="Between two units of work; finished parts are kept.",
        permission="exports.cancel_export",
        against=lambda case: _against_the_verb(case, "cancel"),
        plan=lambda case, order: f"It ends as cancelled at {case.export.job.percent} %.",
        take=_cancel,
        confirms=True,
    )
)
register(
    Act(
        key="stop",
        order=10,
        label="Cancel and stop containers",
        says="At once, without giving the work time to end by itself.",
        permission="exports.stop_export",
        against=_against_stopping,
        plan=_would_stop,
        take=_stop,
        confirms=True,
    )
)
register(
    Act(
        key="queue",
        order=13,
        label="Move in the queue",
        says="Before or behind everybody else, whoever's they are.",
        permission="exports.queue_export",
        against=_against_moving,
        plan=lambda case, order: f"Its place changes: {dict(PLACES).get(order.given, 'say where to')}.",
        take=_move,
        wants=Wanted(label="Where to", choices=PLACES),
    )
)
