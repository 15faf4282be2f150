"""A search over the pages of the documents: passages, their tokens, BM25 and, where a model is named, embeddings."""
