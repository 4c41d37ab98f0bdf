"""Every alarm of a node: what it is called, how bad it is, and where its mend stands. No I/O."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """critical: callers or records are at risk now. warning: they will be."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`after_s`: how long it must be true before it is raised."""

    name: str
    severity: Severity
    zh: str
    en: str
    after_s: float = 0.0

    @property
    def runbook(self) -> str:
        """Where docs/runbook.md says what to do."""
        return f"docs/runbook.md#alarm-{self.name}"


_C, _W = Severity.CRITICAL, Severity.WARNING

TABLE: Final = (
    Alarm("asterisk-down", _C, "Asterisk 没有运行", "Asterisk does not run", 1),
    Alarm("asterisk-frozen", _C, "Asterisk 没有响应", "Asterisk runs and does not answer", 1),
    Alarm("sip-silent", _C, "SIP 端口没有响应", "its SIP port does not answer", 2),
    Alarm("manager-refused", _W, "管理接口拒绝登录", "Asterisk's manager refuses our login"),
    Alarm("manager-guessed", _W, "有人在猜管理接口的密码", "somebody guesses at the manager"),
    Alarm("sip-scanned", _W, "有陌生地址在扫描 SIP", "strangers scan our SIP"),
    Alarm("sip-guessed", _W, "坐席网段内有人在猜 SIP 账号", "one of our addresses is refused"),
    Alarm("bridge-down", _C, "裁决程序没有运行", "the bridge does not run", 2),
    Alarm("bridge-frozen", _C, "裁决程序没有响应", "the bridge runs and does not answer"),
    Alarm("selftest-failed", _C, "自检来电失败", "the self-test call got no verdict"),
    Alarm("verdict-skipped", _W, "一级裁决暂被跳过", "a giver of verdicts is left out"),
    Alarm("agi-stuck", _C, "来电者被裁决程序扣住", "a caller is held by a bridge past his guard"),
    Alarm("rules-refused", _W, "规则文件被拒绝", "the rules file is refused"),
    Alarm("rules-none", _C, "没有可用的规则", "no rules were ever good: all go to the police"),
    Alarm("prompts-missing", _C, "缺少语音提示", "spoken prompts are missing"),
    Alarm("journal-failing", _C, "日志磁盘写不进去", "the journal cannot be written"),
    Alarm("steps-unkept", _C, "有记录只留在日志文件里", "steps of calls were not kept on disk"),
    Alarm("journal-unreadable", _C, "日志无法读取", "the journal cannot be read"),
    Alarm("journal-waiting", _W, "日志积压", "steps wait in the journal", 2),
    Alarm("disk-filling", _C, "磁盘将满", "a disk that holds records fills up"),
    Alarm("store-away", _W, "数据库不可用", "the store does not answer", 5),
    Alarm("forwarder-behind", _W, "转存落后", "the forwarder is behind the call records", 5),
    Alarm("cel-missing", _C, "通话记录目录不可写", "the folder of call records is gone or shut"),
    Alarm("cel-stalled", _C, "通话记录停止写入", "Asterisk does not write its call records"),
    Alarm("clock-stepped", _C, "系统时钟被拨动", "the clock was stepped", 0),
    Alarm("channel-leaked", _W, "通道在通话结束后残留", "a channel outlives its call"),
    Alarm("police-unstaffed", _C, "没有一个接警席可以振铃", "no police seat could ring", 5),
    Alarm("seat-paused", _W, "坐席漏接后被暂停", "a seat did not answer and is paused"),
    Alarm("audio-silent", _W, "通话一方没有声音", "no sound comes from one side of a talk"),
    Alarm("caller-unreturned", _C, "转出的来电者没有回来", "a released caller never came back"),
    Alarm("messages-late", _W, "派单通知没有发出", "messages to units are not sent"),
    Alarm("messages-dead", _W, "派单通知无法送达", "messages to units were given up"),
    Alarm("process-failing", _C, "进程反复退出", "a process does not stay up"),
    Alarm("process-restarted", _W, "进程刚被重新启动", "a process ended and was started anew"),
    Alarm("keeper-silent", _C, "进程看护没有响应", "nobody ends a frozen process", 5),
    Alarm("supervisor-silent", _C, "进程监督没有响应", "nobody starts anew what ends", 5),
    Alarm("watch-silent", _C, "健康监视没有响应", "nobody watches this node"),
)  # fmt: skip

ALARMS: Final = {alarm.name: alarm for alarm in TABLE}
