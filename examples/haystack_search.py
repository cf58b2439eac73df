"""An index of documents as a retriever of Haystack.

    python examples/haystack_search.py runs/first books/ runs/books.index "a quarrel at dinner"

Needs haystack-ai.
"""

import sys

from haystack import Document, Pipeline, component

import sentrep


@component
class SentrepRetriever:
    def __init__(self, index: str, top_k: int = 10) -> None:
        self.search, self.top_k = sentrep.open_index(index), top_k

    @component.output_types(documents=list[Document])
    def run(self, query: str, top_k: int | None = None) -> dict[str, list[Document]]:
        hits = self.search.search(query, top_k or self.top_k)
        return {
            "documents": [
                Document(id=hit.id, content=hit.text, meta=dict(hit.document.fields), score=hit.scores.score)
                for hit in hits
            ]
        }


def main(model: str, corpus: str, index: str, query: str) -> None:
    sentrep.index(model, index, input=corpus)
    pipeline = Pipeline()
    pipeline.add_component("retriever", SentrepRetriever(index, top_k=3))
    for document in pipeline.run({"retriever": {"query": query}})["retriever"]["documents"]:
        print(f"{document.score:.3f}  {document.id}  {document.content}")


if __name__ == "__main__":
    main(*sys.argv[1:5])
