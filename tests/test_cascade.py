"""The cascade of a net: its layers in the order of execution, and what becomes random."""

import pytest
import torch
from torch import nn

from lookwhere.errors import StudyError
from lookwhere.nets import cascade, classifiers

SHAPE = (3, 32, 32)


def spec(architecture, seed=0):
    return {"architecture": architecture, "weights": "random"}, seed


def trained(architecture):
    """A net of which every tensor is as after training: unlike that of any new net."""
    net = classifiers.load(architecture, "random", 5)
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.add_(0.1 + torch.rand_like(tensor))
    return net


class Backwards(nn.Module):
    """Its layers are registered in the reverse order of execution; one never runs."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 2)
        self.unused = nn.Linear(4, 2)
        self.norm = nn.BatchNorm2d(4, affine=False)
        self.first = nn.Conv2d(3, 4, 3)
        self.relu = nn.ReLU()
        self.scale = nn.Parameter(torch.ones(3, 1, 1))

    def forward(self, images):
        features = self.relu(self.norm(self.first(images * self.scale)))
        return self.head(features.mean((2, 3)))


class Twice(nn.Module):
    """A layer that runs before and after another one."""

    def __init__(self):
        super().__init__()
        self.shared, self.other = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, images):
        return self.shared(self.other(self.shared(images.mean((2, 3)))))


def test_the_order_is_that_of_execution_and_layers_that_do_not_run_are_left_out():
    assert cascade.from_the_top(Backwards().eval(), SHAPE) == ["head", "norm", "first", ""]


def test_of_a_layer_that_runs_twice_the_last_run_counts():
    assert cascade.from_the_top(Twice().eval(), SHAPE) == ["shared", "other"]


def test_layers_that_attention_reads_without_calling_them_are_in_the_order():
    """``out_proj`` of torch's attention is never called: hooks would miss it."""
    net = nn.Sequential(nn.Flatten(2), nn.TransformerEncoderLayer(9, 3, 8, batch_first=True))
    net.append(nn.Flatten()).append(nn.Linear(27, 2))
    top, *rest = cascade.from_the_top(net.eval(), (3, 3, 3))
    assert top == "3"
    assert rest[-2:] == ["1.self_attn.out_proj", "1.self_attn"]
    assert set(rest) == {
        n for n, m in net[1].named_modules(prefix="1") if list(m.parameters(False))
    }


@pytest.mark.parametrize("architecture", ["squeezenet1_1", "resnet18", "shufflenet_v2_x0_5"])
def test_the_order_equals_that_of_hooks_where_every_layer_is_called(architecture):
    net, calls = classifiers.load(architecture, "random"), []
    for name, module in net.named_modules():
        if list(module.parameters(recurse=False)):
            module.register_forward_hook(lambda *_, name=name: calls.append(name))
    net(torch.zeros(1, 3, 64, 64))
    expected = calls[::-1]
    assert cascade.from_the_top(net, (3, 64, 64)) == expected


@pytest.mark.parametrize(("count", "ends"), [(1, [0, 4]), (2, [0, 2, 4]), (9, [0, 1, 2, 3, 4])])
def test_stages_are_parts_of_about_equal_numbers_of_layers(count, ends):
    net = Backwards().eval()
    stages = cascade.stages(net, SHAPE, count)
    assert [stage.number for stage in stages] == list(range(len(ends)))
    assert [len(stage.layers) for stage in stages] == ends
    assert [stage.share_of_layers for stage in stages] == [end / 4 for end in ends]
    assert stages[-1].share_of_parameters == 1
    head = 4 * 2 + 2  # of all parameters that are read; the norm has none
    shares = {stage.layers: stage.share_of_parameters for stage in stages}
    if count == 9:
        assert shares[("head",)] == head / (head + 4 * 27 + 4 + 3)


def test_a_net_without_parameters_has_no_cascade():
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(StudyError, match="no parameters that it reads: leave out the cascade"):
        cascade.stages(net, SHAPE, 3)


@pytest.mark.parametrize("architecture", ["resnet18", "squeezenet1_1", "mnasnet0_5"])
def test_the_last_stage_is_the_untrained_net(architecture):
    """As ``weights: random`` builds it, the statistics of batch norms included."""
    net, (spec_of, seed) = trained(architecture), spec(architecture, 3)
    last = cascade.stages(net, (3, 64, 64), 4)[-1]
    result = cascade.randomised(net, cascade.twin(spec_of, seed), last.layers, seed).state_dict()
    untrained, before = (
        classifiers.load(architecture, "random", seed).state_dict(),
        net.state_dict(),
    )
    for name, tensor in result.items():
        if tensor.is_floating_point():
            assert torch.equal(tensor, untrained[name]), name
            assert not torch.equal(tensor, before[name]), name


def test_a_stage_leaves_the_layers_below_as_they_are_to_the_bit_and_the_net_itself():
    net, (spec_of, seed) = trained("resnet18"), spec("resnet18")
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    stage = cascade.stages(net, (3, 64, 64), 5)[2]
    result = cascade.randomised(net, cascade.twin(spec_of, seed), stage.layers, seed).state_dict()
    for name, tensor in result.items():
        is_random = name.rpartition(".")[0] in stage.layers and tensor.is_floating_point()
        assert torch.equal(tensor, before[name]) != is_random, name
        assert torch.equal(net.state_dict()[name], before[name]), name
    assert stage.layers[0] == "fc"


def test_another_number_of_stages_leaves_the_numbers_of_a_layer():
    net, (spec_of, seed) = trained("resnet18"), spec("resnet18")
    values = []
    for count in (2, 7):
        untrained = cascade.twin(spec_of, seed)
        first = cascade.stages(net, (3, 64, 64), count)[1]
        values.append(cascade.randomised(net, untrained, first.layers, seed).fc.weight)
    assert torch.equal(*values)
    other = cascade.randomised(net, cascade.twin(spec_of, seed + 1), ["fc"], seed + 1)
    assert not torch.equal(other.fc.weight, values[0])


def test_a_head_of_another_number_of_outputs_is_drawn_by_its_own_initialisation():
    net, (spec_of, seed) = trained("resnet18"), spec("resnet18")
    net.fc = nn.Linear(512, 6)
    untrained = cascade.twin(spec_of, seed)
    draws = [cascade.randomised(net, untrained, ["fc"], s).fc.weight for s in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], net.fc.weight)
    assert draws[0].abs().max() <= 512**-0.5  # nn.Linear's own bound


def test_a_net_whose_function_gives_it_trained_weights_is_randomised_all_the_same(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(
        "import torch\nfrom torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        torch.manual_seed(7)\n"
        "        self.layer = nn.Linear(3, 3)\n"
        "        self.scale = nn.Parameter(torch.arange(3.0))\n"
        "    def forward(self, images):\n"
        "        return self.layer(images.mean((2, 3)) * self.scale)\n"
    )
    spec_of = {"architecture": f"{file}:Net", "weights": ""}
    net = classifiers.load_spec(spec_of).module
    layers = cascade.stages(net, SHAPE, 1)[-1].layers
    result = cascade.randomised(net, cascade.twin(spec_of, 0), layers, 0)
    assert not torch.equal(result.layer.weight, net.layer.weight)
    assert sorted(result.scale.tolist()) == [0, 1, 2]  # without an initialisation: a permutation
