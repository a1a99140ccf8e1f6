"""Online and offline evaluation of lists: metrics, splits and plots."""
