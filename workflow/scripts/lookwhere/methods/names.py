"""Saliency methods and controls: their names in code, columns and paths, and in print."""

LABELS = {
    "backpropagation": "Backpropagation",
    "deconvolution": "Deconvolution",
    "guided_backpropagation": "Guided Backpropagation",
    "grad_cam": "Grad-CAM",
    "guided_grad_cam": "Guided Grad-CAM",
}

# Maps of no net, which stand beside the methods in tables and figures.
CONTROL_LABELS = {
    "centre": "Centre prior",
    "sobel": "Sobel edges",
    "noise": "Random noise",
}

ALL_LABELS = {**LABELS, **CONTROL_LABELS}
