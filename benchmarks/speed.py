"""Time for the five maps, or those that are defined: this project, other libraries, a baseline.

Writes speed.csv and speed.png beside this file. Run it with

    make benchmark
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from libraries import FIVE, WITHOUT_RULES, libraries_of
from turns import NETS, OTHER_NETS, Maps, take_turns

HERE = Path(__file__).parent
INPUTS = {"224x224": (4, 3, 224, 224), "480x640": (1, 3, 480, 640)}  # (N, C, H, W)
OF_ONE_SIZE = {"vit_b_16": "224x224"}
AGREE = 0.99  # the minimal correlation of two libraries' maps of an image


def main(architectures: list[str], inputs: list[str], rounds: int, threads: int) -> None:
    rows = []
    for architecture in architectures:
        for size in inputs:
            if size != OF_ONE_SIZE.get(architecture, size):
                continue
            print(f"{architecture} at {size} ...", flush=True)
            shape, libraries = INPUTS[size], libraries_of(architecture)
            seconds = take_turns(libraries, architecture, shape, rounds, threads, check)
            # The baseline uses the better memory format.
            seconds["baseline"] = min(seconds["baseline"], seconds.pop("baseline, channels_last"))
            rows += [
                {"net": architecture, "input": size, "library": library}
                | {"methods": count(architecture, library), "seconds": round(value, 4)}
                for library, value in seconds.items()
            ]
    table = pd.DataFrame(rows)
    table.to_csv(HERE / "speed.csv", index=False)
    report(table)


def count(architecture: str, library: str) -> int | None:
    """The number of maps of an image; None of all methods, of which as many as are defined."""
    if library == "pytorch-grad-cam":
        return 3
    if library == "all methods":
        return None
    return len(WITHOUT_RULES if architecture in OTHER_NETS else FIVE)


def check(maps: dict[str, Maps]) -> None:
    """Exit unless all libraries' maps agree with ours, up to rounding and scale."""
    for library, theirs in maps.items():
        for method, values in theirs.items():
            for our_map, their_map in zip(maps["ours"][method], values, strict=True):
                pair = np.stack([our_map.ravel(), their_map.ravel()]).astype(np.float64)
                if not pair.any():
                    continue  # both are zero everywhere
                correlation = np.corrcoef(pair)[0, 1]
                if not correlation >= AGREE:
                    raise SystemExit(f"{library}'s {method} differs: r = {correlation:.4f}")


def report(table: pd.DataFrame) -> None:
    """Print the seconds, the ratios and their geometric means, and draw the ratios."""
    seconds = table.pivot(index=["input", "net"], columns="library", values="seconds")
    others = ["baseline", "all methods", "captum", "pytorch-grad-cam", "thesis"]
    ratios = seconds.div(seconds["ours"], axis=0).reindex(columns=others)
    ratios.loc[("mean", "geometric"), :] = np.exp(np.log(ratios).mean())
    print("\nSeconds an image (median)\n", seconds.round(3).to_string(), sep="")
    print("\nTimes as long as ours\n", ratios.round(2).to_string(), sep="")
    draw(ratios)


def draw(ratios: pd.DataFrame) -> None:
    import seaborn as sns
    from matplotlib import pyplot as plt

    labels = {
        "baseline": "the baseline: a forward pass, and a backward pass a rule",
        "all methods": "ours, all methods of the same passes",
        "captum": "captum",
        "pytorch-grad-cam": "pytorch-grad-cam (three of the five maps)",
        "thesis": "a full pass a method, as in the thesis",
    }
    long = ratios.rename(columns=labels).melt(ignore_index=False, value_name="ratio").reset_index()
    long["case"] = long["net"] + "\n" + long["input"]
    with sns.axes_style("whitegrid"):
        figure, axes = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    colors = dict(
        zip(labels.values(), ["#c8c8c8", "#1b9e77", "#8c8c8c", "#5a5a5a", "#a6761d"], strict=True)
    )
    sns.barplot(long, x="case", y="ratio", hue="library", palette=colors, ax=axes)
    axes.axhline(1, color="black", linewidth=1)
    axes.set(xlabel="", ylabel="time, as a multiple of ours", title="Time for the maps of an image")
    axes.tick_params(axis="x", labelsize=7)
    axes.set_ylim(0, 1.25 * ratios.max().max())
    axes.legend(title="", fontsize=7, ncols=2, loc="upper left")
    sns.despine(left=True)
    figure.savefig(HERE / "speed.png", dpi=200)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    nets = [*NETS, *OTHER_NETS]
    parser.add_argument("--nets", nargs="+", default=nets, choices=nets)
    parser.add_argument("--inputs", nargs="+", default=list(INPUTS), choices=INPUTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    main(options.nets, options.inputs, options.rounds, options.threads)
