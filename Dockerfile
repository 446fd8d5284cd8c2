# The workflow with its pinned requirements. Results are in the mounted folder:
#   docker build --tag lookwhere .
#   docker run --rm --volume "$PWD/results:/lookwhere/results" lookwhere --cores 2
FROM python:3.12-slim

WORKDIR /lookwhere
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .

ENTRYPOINT ["snakemake"]
