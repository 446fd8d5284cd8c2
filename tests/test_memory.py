"""The estimate of a job's memory: bytes of live tensors, pixels of the largest image, MB."""

import csv
from pathlib import Path

import pytest
import torch
from torch import nn

from lookwhere.datasets.samples import Sample, write_samples
from lookwhere.methods import check
from lookwhere.methods.forward import forward
from lookwhere.methods.names import METHODS
from lookwhere.methods.run import defined_maps
from lookwhere.nets import memory
from lookwhere.nets.batches import batches
from lookwhere.nets.live import LiveTensors
from lookwhere.nets.memory import Footprint

with (Path(__file__).parents[1] / "resources" / "architectures.csv").open() as table:
    ARCHITECTURES = {row["architecture"]: row for row in csv.DictReader(table)}

SIDE = 64
PIXELS = SIDE * SIDE


def peak_per_pixel(net: nn.Module, methods: list[str], precision: str = "float32") -> float:
    net.eval().requires_grad_(False)
    with LiveTensors(net.parameters()) as live:
        passed = forward(net, None, torch.zeros(1, 3, SIDE, SIDE), precision)
        defined_maps(passed, torch.tensor([0]), methods)
    return live.peak / PIXELS


def pooled(*layers: nn.Module, channels: int) -> nn.Module:
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5)]
    return nn.Sequential(*layers, *head)


@pytest.mark.parametrize(
    ("layers", "alive"),
    [
        # In the backward pass: the image, the gradients at the convolution and at the image.
        ([nn.Conv2d(3, 8, 3, padding=1)], 3 + 8 + 3),
        # The image, the rectified channels, the gradients at the ReLU's output and at its input.
        ([nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()], 3 + 8 + 8 + 8),
        # As before, with the kept channels of both ReLUs.
        ([nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 1), nn.ReLU(True)], 3 + 8 + 8 + 8 + 8),
    ],
    ids=["convolution", "convolution and ReLU", "two of each"],
)
def test_the_peak_is_that_counted_by_hand(layers, alive):
    peak = peak_per_pixel(pooled(*layers, channels=8), ["backpropagation"])
    assert peak == pytest.approx(4 * alive, rel=0.01)


def test_weights_in_another_precision_are_not_counted():
    """Autocast copies them: a million of them would be 488 bytes a pixel here."""
    net = pooled(nn.Conv2d(3, 100, 1), nn.Conv2d(100, 100, 10, stride=10), channels=100)
    assert peak_per_pixel(net, ["backpropagation"], "bfloat16") < 4 * (3 + 100 + 100 + 3)


def test_all_tensors_are_freed_at_the_end():
    net = pooled(nn.Conv2d(3, 8, 1), nn.ReLU(), channels=8)
    with LiveTensors(net.parameters()) as live:
        passed = forward(net, None, torch.zeros(1, 3, SIDE, SIDE))
        maps, _ = defined_maps(passed, torch.tensor([0]), ["backpropagation"])
        del passed
        assert live.alive >= maps["backpropagation"].nbytes
        del maps
    assert live.alive == 0
    assert live.peak > 0


def test_check_counts_what_the_studys_methods_need():
    spec = {
        "name": "net",
        "architecture": "squeezenet1_1",
        "weights": "random",
        "target_layer": "features.12",
    }
    [one], _ = check.check([spec], [], ["64"], ["backpropagation"])
    [five], _ = check.check([spec], [], ["64"], METHODS)
    assert one.bytes_per_pixel < five.bytes_per_pixel


SHAPES = {(480, 640): "a.jpg", (3000, 4000): "b/c.jpg", (3500, 3000): "d.jpg"}


def test_the_largest_image_decides_at_every_size():
    sizes = ["original", "224", "short-512"]
    of_both = {"small": sizes, "large": sizes}
    nets = {"small": Footprint(100), "large": Footprint(1000)}
    needs = memory.needs(nets, SHAPES, of_both)
    assert [(need.size, need.net, need.image) for need in needs[:3]] == [
        ("original", "large", "b/c.jpg"),
        ("original", "small", "b/c.jpg"),
        ("224", "large", "a.jpg"),
    ]
    by_size = {(need.size, need.net): need.mem_mb for need in needs}
    assert by_size["original", "large"] == memory.of_maps(Footprint(1000), 12_000_000)
    assert by_size["224", "large"] == memory.of_maps(Footprint(1000), 4 * 224 * 224)
    own = {"small": ["224"], "large": ["original"]}
    of_own = memory.needs(nets, SHAPES, own)
    assert [(need.size, need.net) for need in of_own] == [("original", "large"), ("224", "small")]
    assert by_size["short-512", "large"] == memory.of_maps(Footprint(1000), 512 * 682)


def test_the_estimate_covers_the_batch_of_small_images():
    samples = [
        Sample(f"{i}-dog", i, "dog", f"{i}.jpg", 100 + i % 3, 80, "CC0", None, ())
        for i in range(200)
    ]
    most = memory.PIXELS_PER_BATCH["cpu"]
    parts = batches(samples, "original", most)
    pixels = max(sum(s.width * s.height for s in part) for part in parts)
    assert most / 2 < pixels <= most
    assert (
        memory.of_maps(Footprint(500), 100 * 80)
        == memory.of_maps(Footprint(500), most)
        >= memory.of_maps(Footprint(500), pixels)
    )


# Peaks of jobs of maps for several images of one shape, in MB, measured once (docs/performance.md).
MEASURED = {
    "shufflenet_v2_x1_0": (1152 * 864, 1404),
    "squeezenet1_1": (1152 * 864, 1875),
    "resnet50": (1152 * 864, 2579),
    "densenet121": (1152 * 864, 3679),
    "efficientnet_b0": (1152 * 864, 2841),
    "vgg19": (1152 * 864, 4909),
}


@pytest.mark.parametrize("architecture", MEASURED)
def test_the_estimate_is_that_of_measured_jobs_with_a_margin(architecture):
    pixels, peak = MEASURED[architecture]
    row = ARCHITECTURES[architecture]
    net = Footprint(float(row["bytes_per_pixel"]), int(row["parameters"]))
    estimate = memory.of_maps(net, pixels)
    assert peak < estimate < 1.6 * peak + 500


# Peaks of four images at 224, with backpropagation and Grad-CAM, in MB: reading the weights is most
# of it. Each net, its peak before the passes, and after.
READ = {"vit_l_16": (3126, 3283), "vgg19": (2539, 2546)}


@pytest.mark.parametrize("architecture", READ)
def test_large_weights_are_counted_as_they_are_read_and_in_the_net(architecture):
    row = ARCHITECTURES[architecture]
    net = Footprint(float(row["bytes_per_pixel"]), int(row["parameters"]))
    assert max(READ[architecture]) < memory.of_maps(net, 224 * 224) < 1.6 * READ[architecture][0]
    assert memory.of_maps(Footprint(net.bytes_per_pixel), 224 * 224) < READ[architecture][1] + 200


def test_few_parameters_are_no_part_of_the_estimate():
    assert memory.of_maps(Footprint(640, 90_000_000), 0) == memory.of_maps(Footprint(640), 0)
    more = memory.of_maps(Footprint(640, 1_100_000_000), 0) - memory.of_maps(
        Footprint(640, 600_000_000), 0
    )
    assert more == 2 * 4 * 500


def test_large_weights_leave_fewer_pixels():
    limit = 12_000
    pixels = memory.max_pixels(Footprint(640, 632_045_800), limit)
    assert 0 < pixels < memory.max_pixels(Footprint(640), limit)
    assert memory.of_maps(Footprint(640, 632_045_800), pixels) <= limit


def test_a_samples_file_that_is_missing_or_replaced_is_read_in_time(tmp_path):
    file = tmp_path / "1.json"
    with pytest.raises(FileNotFoundError):
        memory.read_shapes(file)
    for height, width in SHAPES:
        sample = Sample("1-dog", 1, "dog", "a.jpg", width, height, "CC0", None, ())
        write_samples([sample], file)
        assert memory.read_shapes(file) == {(height, width): "a.jpg"}


def test_no_net_is_measured_before_the_check(tmp_path):
    assert memory.read_footprints(tmp_path / "nets.csv") == {}
    (tmp_path / "nets.csv").write_text("net,parameters\nmine,3\n")
    assert memory.read_footprints(tmp_path / "nets.csv") == {}
    (tmp_path / "nets.csv").write_text("net,parameters,bytes_per_pixel\nmine,3,640\ntheirs,,\n")
    assert memory.read_footprints(tmp_path / "nets.csv") == {"mine": Footprint(640, 3)}


NETS = {"small": Footprint(640), "large": Footprint(2400)}


def warned(limit, cores=1, each=1, sizes=("original", "224")):
    needs = memory.needs(NETS, SHAPES, dict.fromkeys(NETS, sizes))
    return list(memory.warnings(needs, NETS, limit, "this machine", cores, each))


def test_a_warning_names_image_net_size_need_limit_and_ways_out():
    [warning] = warned(8000)
    assert warning == (
        "image 'b/c.jpg' of 4000 x 3000 pixels needs about 47.1 GB with large at the size original "
        "(and too much with small), more than the 8.0 GB of this machine: set max_pixels: 1700000, "
        "or leave out the size original"
    )
    assert (
        memory.of_maps(NETS["large"], 1_700_000)
        <= 8000
        < memory.of_maps(Footprint(2400), 1_800_000)
    )


def test_a_net_that_fits_is_not_named():
    [warning] = warned(20_000)
    assert "with large at the size original, more than the 20.0 GB" in warning


def test_max_pixels_is_no_way_out_of_a_size_of_its_own_pixels():
    [warning] = warned(20_000, sizes=["3000"])
    assert warning.endswith("more than the 20.0 GB of this machine: leave out the size 3000")


def test_jobs_that_fit_one_by_one_are_counted_together():
    assert warned(50_000) == []
    assert warned(100_000, cores=2) == []
    [warning] = warned(50_000, cores=2)
    assert warning.startswith("2 jobs of maps at once may need 62.6 GB, more than the 50.0 GB")
    assert warning.endswith("no more than fit (--resources mem_mb=50000)")
    [warning] = warned(65_000, cores=2, each=2)
    assert warning.startswith("2 jobs of maps at once may need 94.2 GB")


def test_usual_jobs_are_not_counted():
    nets = {"small": Footprint(640)}
    needs = memory.needs(nets, {(480, 640): "a.jpg"}, {"small": ["original", "224"]})
    assert list(memory.warnings(needs, nets, 4000, "this machine", 64, 10)) == []


def test_a_container_has_less_than_its_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CONTAINER", (tmp_path / "none", tmp_path / "limit"))
    whole = memory.of_machine()
    assert whole > 100
    (tmp_path / "limit").write_text("64000000\n")
    assert memory.of_machine() == 64
    (tmp_path / "limit").write_text("max\n")
    assert memory.of_machine() == whole
