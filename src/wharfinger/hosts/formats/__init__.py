"""
Files of others, read and edited by their lines: comments, order and unknown keys stay.

Each module turns the bytes of a file into a value that prints back as the very same bytes (`content`),
and whose edits return another such value with only the lines changed that have to be. Input is
bounded: size, depth, and no aliases in YAML.

    sysconfig        shell assignments: `Sysconfig.parse(content, path).with_value("OPTIONS", "…")`
    json_text        `JsonText.parse(content, path).with_value(("registry-mirrors",), […])`
    toml_text        `TomlText.parse(content, path).with_value(("registry", 0, "blocked"), True)`
    yaml_text        `YamlText.parse(content, path).with_list("registries", […])`
    registries_conf  what a registries.conf means, with the line of each statement
"""
