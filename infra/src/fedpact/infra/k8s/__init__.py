"""The demo on a Kubernetes cluster: both charts installed, the story told, everything taken away again."""
