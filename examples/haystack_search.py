"""An index of documents as a component of Haystack.

    python examples/haystack_search.py runs/first books/ runs/haystack.index "a quarrel at dinner"

Needs haystack-ai.
"""

import sys

from haystack import Document, component

import sentrep


@component
class SentrepRetriever:
    def __init__(self, index: str) -> None:
        self.search = sentrep.open_index(index)

    @component.output_types(documents=list[Document])
    def run(self, query: str, top_k: int = 3) -> dict[str, list[Document]]:
        hits = self.search.search(query, top_k)
        return {"documents": [Document(id=hit.id, content=hit.text, score=hit.scores.score) for hit in hits]}


if __name__ == "__main__":
    sentrep.index(sys.argv[1], sys.argv[3], input=sys.argv[2])
    print(SentrepRetriever(sys.argv[3]).run(query=sys.argv[4]))
