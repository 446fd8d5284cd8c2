"""Where do CNNs look? Saliency maps, instance masks, and the share of the one inside the other.

The package knows nothing of Snakemake: every module can be used and tested on its own.
"""
