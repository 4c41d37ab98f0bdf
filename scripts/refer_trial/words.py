"""The verdict in plain words, in Chinese and English."""

from scripts.refer_trial.judge import Note, Verdict, Why
from scripts.refer_trial.seen import Seen

Two = tuple[str, str]  # Chinese, English

MODES: dict[str | None, Two] = {
    "refer": (
        "这台交换机可以用 refer：警用线路的中继通道随即释放。",
        "This switch can carry `refer`: the police line's trunk channel is cleared at once.",
    ),
    "redirect": (
        "这台交换机请用 redirect：只归还线路名额，中继通道要到来电挂断才释放。",
        "Use `redirect` with this switch: the slot is given back, the trunk channel stays until "
        "the caller hangs up.",
    ),
    None: ("无法判断。", "This cannot be judged."),
}
WHYS: dict[Why, Two] = {
    Why.WORKS: (
        "交换机接受了REFER，{returned} 毫秒后带着原编号把来电送回，并释放了旧通道。",
        "It took the REFER, brought the caller back after {returned} ms with the call's id, and "
        "cleared the old channel.",
    ),
    Why.REFUSED: (
        "交换机拒绝了REFER（{answer}）。",
        "It refused the REFER ({answer}).",
    ),
    Why.UNANSWERED: (
        "交换机在 {guard} 秒内没有回答REFER。",
        "It did not answer the REFER within {guard} s.",
    ),
    Why.SILENT: (
        "交换机接受了REFER（{answer}），但 {guard} 秒内没有最终通知，也没有把来电送回。",
        "It took the REFER ({answer}) and then did nothing: no final word and no caller within "
        "{guard} s.",
    ),
    Why.UNREADABLE: (
        "交换机接受了REFER，但它的通知里没有状态行：{said}。",
        "It took the REFER, but its NOTIFY holds no status line: {said}.",
    ),
    Why.FAILED: (
        "交换机接受了REFER，随后报告失败（{word}）。",
        "It took the REFER and then said that it failed ({word}).",
    ),
    Why.LOST: (
        "交换机报告已完成（{word}），但没有把来电送回：来电会丢失。绝不可用 refer。",
        "It said that it was done ({word}) and brought nobody back: callers would be lost. Never "
        "use `refer` with it as it is.",
    ),
    Why.ENDED: (
        "REFER之后交换机一侧挂断了，没有最终通知，也没有把来电送回。若不是您挂断的，来电会丢失；"
        "若是您挂断的，请重试。",
        "The switch's side hung up after the REFER without a final word, and nobody came back. If "
        "you did not hang up, callers would be lost; if you did, try again.",
    ),
    Why.ID_LOST: (
        "来电被送回，但编号没有了（被叫成了 {dialled}）：两段通话无法对上。"
        "请让交换机原样保留 livelihood 之后的全部内容。",
        "It brought the caller back without the call's id (it dialled {dialled}), so the two legs "
        "cannot be joined. Have it keep the user part whole, also what follows the semicolon.",
    ),
    Why.LATE: (
        "来电在 {returned} 毫秒后才送回，超过了 {guard} 秒的等待（queues.refer_guard_s）。",
        "It brought the caller back only after {returned} ms, later than the guard of {guard} s "
        "(queues.refer_guard_s).",
    ),
    Why.NOT_ANSWERED: (
        "来电被送回，但交换机没有确认我们的接听（没有ACK）。",
        "It brought the caller back but never confirmed our answer (no ACK).",
    ),
    Why.NO_FINAL_WORD: (
        "来电被送回，但交换机没有说“完成”（200）：每次释放都要等满 {guard} 秒。",
        "It brought the caller back but never said that it was done (200): every release would "
        "last the whole guard of {guard} s.",
    ),
    Why.NOT_CLEARED: (
        "来电被送回，但交换机没有回答我们的BYE：旧通道是否释放不得而知。",
        "It brought the caller back but did not answer our BYE: nobody knows whether the old "
        "channel is free.",
    ),
    Why.NO_REFER: (
        "试验来电在REFER发出之前就结束了，请重试，接通后等到它自己挂断。",
        "The test call ended before the REFER was sent. Try again, and stay until it ends.",
    ),
}
NOTES: dict[Note, Two] = {
    Note.ANSWERED_200: (
        "REFER的回答是200而不是202，可以接受。",
        "It answered the REFER by 200 and not by 202, which will do.",
    ),
    Note.EARLY_WORD: (
        "它在来电接通之前就说“完成”：若接不通，来电会丢失。",
        "It says that it is done before the second leg is answered: a leg that fails then is a "
        "lost caller.",
    ),
    Note.EARLY_BYE: (
        "它在最终通知之前自己挂断：与来电自己挂断无法区分。",
        "It hangs up by itself before its final word: nobody can tell that from a caller who does.",
    ),
    Note.NUMBER_CHANGED: (
        "送回的来电号码与原来不同。",
        "The second leg shows another caller's number than the first.",
    ),
    Note.STRANGER: (
        "其间另有来电打到民生号码：若是这次试验，则编号和号码都丢了，它已按普通来电登记。",
        "Meanwhile another call came to the livelihood number. If it was this test, the switch "
        "lost the id and the number too, and it is on record as an ordinary call.",
    ),
}


def sentences(verdict: Verdict, seen: Seen) -> list[Two]:
    """Mode, why, and each note."""
    facts = _facts(seen)
    told = [MODES[verdict.mode], WHYS[verdict.why], *(NOTES[note] for note in verdict.notes)]
    return [(zh.format_map(facts), en.format_map(facts)) for zh, en in told]


def _facts(seen: Seen) -> dict[str, object]:
    word = seen.final_word
    unreadable = next((one.line for one in seen.notified if one.status is None), "")
    return {
        "answer": seen.answer,
        "guard": f"{seen.guard_ms / 1000:g}",
        "returned": seen.returned_ms,
        "dialled": seen.dialled,
        "word": word.status if word else None,
        "said": repr(unreadable),
    }
