"""Which unit may a text be for: learnt from closed tickets. It suggests; a person decides."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GroupKFold

from db.closed_texts import ClosedText
from reports.phrasings import phrasings

FOLDS = 5
MEASURED = 6000  # texts at most, the newest: near copies are sought among all pairs
DRAWS = 2000
SEED = 110
FEATURES = 30_000
FEWEST_TEXTS = 100
FEWEST = 3  # texts that a run of characters must stand in: no name of a citizen is learnt

Floats = npt.NDArray[np.float64]


class TooLittleToLearn(ValueError):
    """There are not enough closed tickets of several units, in several phrasings."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Each text was asked of a learner that had learnt no near copy of it.

    accuracy: share for which the first suggestion was the unit; among_three: for which one of
    three was. low, high: 95 % interval of the accuracy, by drawing whole phrasings anew.
    majority: the share if always the unit with most of these texts were suggested.
    """

    texts: int
    phrasings: int
    accuracy: float
    low: float
    high: float
    among_three: float
    majority: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model was learnt from; trained_at: aware, as text."""

    trained_at: str
    tickets: int
    units: int
    first: str
    last: str
    measured: Measured

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Suggested:
    """share: of the model's belief, from 0 to 1; it says which is likelier, not how likely."""

    unit: str
    share: float


@dataclass(frozen=True, slots=True)
class Model:
    """Plain arrays. vocabulary: runs of one or two characters; weights: one row a unit."""

    units: npt.NDArray[np.str_]
    vocabulary: npt.NDArray[np.str_]
    idf: Floats
    weights: Floats
    intercept: Floats
    facts: Facts


def train(texts: Sequence[ClosedText], now: datetime) -> Model:
    """A model of all texts, newest first, with how well one of its kind does.

    Raises:
        TooLittleToLearn: the mend is in the message.
    """
    measured = measure(texts[:MEASURED])
    vectorizer, learner = _learn([each.text for each in texts], [each.unit for each in texts])
    units, weights, intercept = _weights(learner)
    numbers = [each.number for each in texts]
    return Model(
        units=units,
        vocabulary=vectorizer.get_feature_names_out().astype(str),
        idf=vectorizer.idf_,
        weights=weights,
        intercept=intercept,
        facts=Facts(now.isoformat(), len(texts), len(units), min(numbers), max(numbers), measured),
    )


def suggest(model: Model, text: str, count: int = 3) -> list[Suggested]:
    """The likeliest units first; none for a text without a run of characters that was learnt."""
    vectorizer = _vectorizer(vocabulary={run: n for n, run in enumerate(model.vocabulary)})
    vectorizer.idf_ = model.idf
    found = vectorizer.transform([text])
    if not found.nnz:
        return []
    scores = (found @ model.weights.T + model.intercept)[0]
    shares = 1 / (1 + np.exp(-scores))
    shares /= shares.sum()
    best = np.argsort(-shares, kind="stable")[:count]
    return [Suggested(str(model.units[n]), float(shares[n])) for n in best]


def measure(texts: Sequence[ClosedText]) -> Measured:
    """Every phrasing is asked once, of a learner that has learnt the others.

    Raises:
        TooLittleToLearn.
    """
    groups, units = _groups(texts), np.array([each.unit for each in texts])
    right, near = np.zeros(len(texts)), np.zeros(len(texts))
    for learnt, asked in GroupKFold(FOLDS).split(units, groups=groups):
        vectorizer, learner = _learn([texts[n].text for n in learnt], units[learnt].tolist())
        scores = _decide(learner, vectorizer.transform([texts[n].text for n in asked]))
        order = np.argsort(-scores, axis=1)[:, :3]
        best = learner.classes_[order]
        right[asked] = best[:, 0] == units[asked]
        near[asked] = (best == units[asked][:, None]).any(axis=1)
    low, high = _interval(right, groups)
    return Measured(
        texts=len(texts),
        phrasings=int(groups.max()) + 1,
        accuracy=float(right.mean()),
        low=low,
        high=high,
        among_three=float(near.mean()),
        majority=Counter(units.tolist()).most_common(1)[0][1] / len(texts),
    )


def _groups(texts: Sequence[ClosedText]) -> npt.NDArray[np.int64]:
    """The phrasing of each text, numbered from 0 without gaps."""
    units = {each.unit for each in texts}
    if len(texts) < FEWEST_TEXTS or len(units) < 2:
        raise TooLittleToLearn(
            f"{len(texts)} closed tickets for {len(units)} units: learning takes"
            f" {FEWEST_TEXTS} for two. For practice `l110 seed` a store of its own"
        )
    _, groups = np.unique(phrasings(texts), return_inverse=True)
    if groups.max() + 1 < 2 * FOLDS:
        raise TooLittleToLearn(
            f"{len(texts)} closed tickets say only {groups.max() + 1} different things:"
            f" measuring takes {2 * FOLDS}"
        )
    return np.asarray(groups, dtype=np.int64)


def _interval(right: Floats, groups: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Texts of one phrasing stand and fall together, so whole phrasings are drawn."""
    hits, sizes = np.bincount(groups, weights=right), np.bincount(groups)
    dice = np.random.default_rng(SEED)
    drawn = dice.integers(0, len(sizes), size=(DRAWS, len(sizes)))
    shares = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)


def _vectorizer(**options: Any) -> TfidfVectorizer:  # noqa: ANN401  of scikit-learn
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, **options)


def _learn(texts: list[str], units: list[str]) -> tuple[TfidfVectorizer, SGDClassifier]:
    vectorizer = _vectorizer(max_features=FEATURES, min_df=FEWEST)
    learner = SGDClassifier(loss="log_loss", alpha=1e-4, random_state=SEED, tol=1e-3)
    learner.fit(vectorizer.fit_transform(texts), units)
    return vectorizer, learner


def _decide(learner: SGDClassifier, found: Any) -> Floats:  # noqa: ANN401  sparse
    _, weights, intercept = _weights(learner)
    return np.asarray(found @ weights.T + intercept)


def _weights(learner: SGDClassifier) -> tuple[npt.NDArray[np.str_], Floats, Floats]:
    """Of two units scikit-learn keeps one row, for the second against the first."""
    weights, intercept = learner.coef_, learner.intercept_
    if len(learner.classes_) == 2:
        weights = np.vstack([-weights, weights])
        intercept = np.concatenate([-intercept, intercept])
    return learner.classes_.astype(str), weights, intercept
