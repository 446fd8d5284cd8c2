"""The saliency methods: their names in code, columns and paths, and how print spells them."""

LABELS = {
    "backpropagation": "Backpropagation",
    "deconvolution": "Deconvolution",
    "guided_backpropagation": "Guided Backpropagation",
    "grad_cam": "Grad-CAM",
    "guided_grad_cam": "Guided Grad-CAM",
}
