"""What a training needs of memory, told from the model's shape before a weight is loaded."""
