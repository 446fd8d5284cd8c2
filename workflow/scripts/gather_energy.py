"""Gather the scores of all shards in one table, one row a sample x net x method x size."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from concentration.files import whole_file
from concentration.jobs import job

COLUMNS = [
    *("sample", "image_id", "class", "net", "method", "size"),
    *("concentration", "energy_inside", "energy_total", "mask_fraction"),
    *("target", "target_rank", "target_probability", "status"),
]


def main(parts: Sequence[str], order: Mapping[str, list[str]], table: str) -> None:
    def place(column: pd.Series) -> pd.Series:
        return column.map(order[str(column.name)].index)

    with whole_file(table) as draft:
        (
            pd.concat([read(Path(part)) for part in parts])[COLUMNS]
            .sort_values("sample", kind="stable")
            .sort_values(list(order), kind="stable", key=place)
            .to_parquet(draft, index=False)
        )


def read(part: Path) -> pd.DataFrame:
    """The scores of one shard; net and size stand in its path, net/size/shard.parquet."""
    return pd.read_parquet(part).assign(net=part.parts[-3], size=part.parts[-2])


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.parts,
            {
                "net": snakemake.params.nets,
                "size": snakemake.params.sizes,
                "method": snakemake.params.methods,
                "class": snakemake.params.classes,
            },
            snakemake.output.energy,
        )
