"""May it run: asset policies, decisions with reasons, signed grants."""
