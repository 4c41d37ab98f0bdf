"""jieba, which cuts Chinese text into words: the only file that knows it."""

import logging
import threading
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Words:
    """Cuts text into words. Its dictionary is read at the first use, which takes a second or two.

    cache_dir: jieba keeps the dictionary there, ready to be read; else it would write into the
    machine's folder for temporary files, which others can write too.
    """

    def __init__(self, cache_dir: Path) -> None:
        self.cache_dir = cache_dir
        self._tokenizer: Any = None
        self._lock = threading.Lock()

    def cut(self, text: str) -> Iterable[str]:
        """Long words and the shorter ones within them."""
        words: Iterable[str] = self._ready().cut_for_search(text)
        return words

    def _ready(self) -> Any:  # noqa: ANN401  jieba has no types
        with self._lock:
            if self._tokenizer is None:
                jieba = _imported()
                self.cache_dir.mkdir(parents=True, exist_ok=True)
                tokenizer = jieba.Tokenizer()
                tokenizer.tmp_dir = str(self.cache_dir)
                tokenizer.initialize()
                self._tokenizer = tokenizer
        return self._tokenizer


def _imported() -> Any:  # noqa: ANN401
    """jieba, silent.

    Its source has escapes that Python warns of when it compiles them, and it imports pkg_resources
    if that is there, which warns too; neither is ours to mend.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.CRITICAL)  # it tells standard error what it loads
    return jieba
