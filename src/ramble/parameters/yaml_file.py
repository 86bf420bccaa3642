"""params.yaml as YAML: what makes it unreadable is said with its line, and no key counts twice."""

from pathlib import Path
from typing import Any

import yaml

from ramble.errors import RambleError

# libyaml where PyYAML has it: every start of snakemake reads the file
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _check_keys(root: yaml.Node) -> None:
    """Raise MarkedYAMLError at a key that its mapping has already: YAML forbids it, and PyYAML takes the last."""
    waiting, checked = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in checked:  # an alias leads back to its anchor
            continue
        checked.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys = set()
            for key, value in node.value:
                waiting.append(value)
                if not isinstance(key, yaml.ScalarNode):  # refused when the mapping is built
                    continue
                if key.value in keys:
                    raise yaml.MarkedYAMLError(problem=f"{key.value} is given twice", problem_mark=key.start_mark)
                keys.add(key.value)


def _load(text: str) -> Any:
    loader = LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_keys(node)  # before merges (<<), which may give a key anew
        return loader.construct_document(node)
    finally:
        loader.dispose()


def read_yaml(file: Path) -> dict[str, Any]:
    """Return what a YAML file holds, by key; raises RambleError, with the line, when it is missing or wrong."""
    try:
        content = _load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RambleError(f"{file}: cannot be read ({error.strerror}); give a file that can") from error
    except UnicodeDecodeError as error:
        raise RambleError(f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RambleError(f"{file}, line {line}: {error.problem}; correct the file") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise RambleError(f"{file}: not YAML ({reason}); correct the file") from error
    if not isinstance(content, dict):
        raise RambleError(f"{file}: holds no keys; write 'key: value' lines, see workflow/schemas/params.schema.json")
    return content
