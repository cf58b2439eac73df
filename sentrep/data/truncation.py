"""What an encoder with a limited length did not read of its texts, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Truncation:
    """Counts over all texts that went through an encoder.

    Attributes:
        limit: tokens that the encoder reads of a text; None if there is no limit.
        texts: texts that were encoded.
        cut: texts that were longer than the limit.
        tokens: tokens of all texts, read or not.
        unread: tokens beyond the limit.

    >>> counts = Truncation(limit=128)
    >>> counts.add([300, 200, 100])
    >>> str(counts)
    '2 of 3 texts cut at 128 tokens, 41 % of the tokens unread'
    """

    limit: int | None = None
    texts: int = 0
    cut: int = 0
    tokens: int = 0
    unread: int = 0

    def add(self, lengths: list[int], limit: int | None = None) -> None:
        """Count texts by their full lengths in tokens."""
        self.limit = self.limit if limit is None else limit
        beyond = [length - self.limit for length in lengths if self.limit is not None and length > self.limit]
        self.texts += len(lengths)
        self.tokens += sum(lengths)
        self.cut += len(beyond)
        self.unread += sum(beyond)

    def merge(self, other: Truncation) -> None:
        """Add the counts of other texts."""
        self.limit = self.limit if other.limit is None else other.limit
        self.texts += other.texts
        self.cut += other.cut
        self.tokens += other.tokens
        self.unread += other.unread

    def since(self, before: Truncation) -> Truncation:
        """What was counted after `before`, an earlier copy of these counts."""
        return Truncation(
            self.limit,
            self.texts - before.texts,
            self.cut - before.cut,
            self.tokens - before.tokens,
            self.unread - before.unread,
        )

    @property
    def share(self) -> float:
        """Share of the tokens that was not read, from 0 to 1."""
        return self.unread / self.tokens if self.tokens else 0.0

    def message(self, unit: str = "texts") -> str:
        """One line for the user; empty if every text was read to its end."""
        if not self.cut:
            return ""
        return (
            f"{self.cut:,} of {self.texts:,} {unit} cut at {self.limit} tokens, "
            f"{100 * self.share:.0f} % of the tokens unread"
        )

    def __str__(self) -> str:
        return self.message()
