"""Questions that the documents do not answer, for training and for the evaluation."""
