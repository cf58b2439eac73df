"""A trained model as LangChain's embeddings, and an index of documents as its vector store.

    python examples/langchain_search.py runs/first books/ runs/books.index "a quarrel at dinner"

Needs langchain-core.
"""

import sys
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

import sentrep


class SentrepEmbeddings(Embeddings):
    def __init__(self, model: str) -> None:
        self.model = sentrep.load(model)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return sentrep.embed(self.model, texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        return sentrep.embed(self.model, text).tolist()


class SentrepStore(VectorStore):
    def __init__(self, index: Any) -> None:
        self.index = index

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [Document(hit.text, id=hit.id) for hit in self.index.search(query, k)]

    @classmethod
    def from_texts(cls, texts: list[str], embedding: Any, metadatas: Any = None, **kwargs: Any) -> Any:
        return cls(sentrep.index(embedding.model, kwargs["index"], input=[[text] for text in texts]))


def main(model: str, corpus: str, index: str, query: str) -> None:
    print(len(SentrepEmbeddings(model).embed_query(query)))
    search = sentrep.index(model, index, input=corpus)
    for document in SentrepStore(search).as_retriever(search_kwargs={"k": 3}).invoke(query):
        print(document)


if __name__ == "__main__":
    main(*sys.argv[1:5])
