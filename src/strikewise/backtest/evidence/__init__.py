"""Whether a result may be believed: significance, overfitting, robustness, and the verdict on all of them."""
