"""Take a Ramble into Solution Spaces for Classification Problems in Neural Networks (Tartaglione & Grangetto 2019)."""
