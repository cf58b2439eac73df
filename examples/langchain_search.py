"""An index of documents as a retriever of LangChain.

    python examples/langchain_search.py runs/first books/ runs/langchain.index "a quarrel at dinner"

Needs langchain-core.
"""

import sys
from typing import Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

import sentrep


class SentrepRetriever(BaseRetriever):
    index: Any
    k: int = 3

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return [Document(hit.text, id=hit.id) for hit in self.index.search(query, self.k)]


if __name__ == "__main__":
    index = sentrep.index(sys.argv[1], sys.argv[3], input=sys.argv[2])
    for document in SentrepRetriever(index=index).invoke(sys.argv[4]):
        print(document)
