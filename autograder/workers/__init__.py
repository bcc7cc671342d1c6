"""The same map over processes of this machine or a Dask cluster."""
