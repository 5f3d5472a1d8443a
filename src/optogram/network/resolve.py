"""From an address to the site and unit that it names, or to an error that says what to type instead."""

from __future__ import annotations

from optogram.errors import AddressError, nearest, unknown
from optogram.network.address import Address, parse, quoted
from optogram.network.census import Census
from optogram.network.site import Site, Unit


def resolve_site(census: Census, text: str, network: str) -> Site:
    """The site of an address; its unit, if any, is not looked at."""
    return _site(census, parse(text), network)


def resolve_unit(census: Census, text: str, network: str) -> Unit:
    """The unit of an address. A text without colon that is no site but a class's label means that class."""
    found = resolve_units(census, text, network)
    if len(found) != 1:
        first = found[0].address
        raise AddressError(f'"{text}" names {len(found)} units where one is needed; write one of them, such as {first}')
    return found[0]


def resolve_units(census: Census, text: str, network: str) -> list[Unit]:
    """The units of an address: one, a range, or all of a bare site."""
    if ":" not in text and (unit := _class(census, text)):
        return [unit]
    address = parse(text)
    site = _site(census, address, network)
    if address.unit is None:
        return [Unit(site, index) for index in range(site.units)]
    if address.head:
        return [_head(site, address)]
    if isinstance(address.unit, str):
        return [_placed(Unit(site, _labelled(site, address.unit), address.place))]
    last = address.unit if address.last is None else address.last
    if last >= site.units:
        raise AddressError(f"{site.address} has {site.units} units (0 to {site.units - 1}); you asked for {last}.")
    return [_placed(Unit(site, index, address.place)) for index in range(address.unit, last + 1)]


def _site(census: Census, address: Address, network: str) -> Site:
    path = address.path
    if path in census.calls and census.calls[path] > 1 and address.call is None and not path.endswith("()"):
        calls = ", ".join(f"{path}#{call}" for call in range(census.calls[path]))
        raise AddressError(f'"{path}" is called {census.calls[path]} times; say which: {calls}')
    for text in _spellings(address, census):
        if text in census.sites:
            return census.sites[text]
    if path in census.calls:
        raise AddressError(_part_missing(census, address))
    hint = f"`optogram layers` lists all {len(census.listed)}."
    raise AddressError(unknown("site", address.site, census.listed, _classes(census, address) + hint, where=f" in {network}"))


def _classes(census: Census, address: Address) -> str:
    """The classes that are called nearly so, where it may have been meant as one."""
    if address.unit is not None or address.site != address.path:
        return ""
    known = {name: site.address for text in census.listed for site in [census.sites[text]] if site.default for name in site.labels or ()}
    close = [f"{known[name]}:{quoted(name)}" for name in nearest(address.path, known)]
    return f"Nearest class{'es' if len(close) > 1 else ''}: {', '.join(close)}. " if close else ""


def _spellings(address: Address, census: Census) -> list[str]:
    """The canonical forms that this address may have: a lone call or a lone output need not be named."""
    path, into = address.path, "~in" if address.into else ""
    calls = {"" if address.call is None else f"#{address.call}"}
    if census.calls.get(path) == 1 and address.call in (None, 0):
        calls |= {"", "#0"}
    outputs = {"" if address.output is None else f"/{address.output}"}
    keys = census.outputs.get(path, ())
    if address.output is not None and len(keys) == 1 and keys[0] == address.output:
        outputs.add("")
    return [f"{path}{call}{output}{into}" for call in calls for output in outputs]


def _part_missing(census: Census, address: Address) -> str:
    path, count, keys = address.path, census.calls[address.path], census.outputs.get(address.path, ())
    if address.call is not None and address.call >= count:
        return f'"{path}" is called {count} time{"s" if count > 1 else ""} (#0 to #{count - 1}); there is no #{address.call}'
    if len(keys) > 1 or address.output is not None:
        known = ", ".join(f"{path}/{key}" for key in keys) or "none that is a tensor"
        return f'"{path}" returns several tensors; say which: {known}'
    return f'"{address.site}" gives no tensor with one row a photograph, so it has no units'


def _class(census: Census, text: str) -> Unit | None:
    """A class by its bare label, at the head."""
    if text in census.sites:
        return None
    label = text.strip('"')
    heads = [site for address in census.listed if (site := census.sites[address]).labels]
    for site in sorted(heads, key=lambda site: (site.kind != "head", not site.default, site.layout != "vector", -site.order)):
        if label in (site.labels or ()) or label.casefold() in [name.casefold() for name in site.labels or ()]:
            return Unit(site, _labelled(site, label))
    return None


def _labelled(site: Site, label: str) -> int:
    if not site.labels:
        raise AddressError(f'{site.address} has no labels, so "{label}" names no unit of it; write an index, 0 to {site.units - 1}')
    exact = [index for index, name in enumerate(site.labels) if name == label]
    alike = [index for index, name in enumerate(site.labels) if name.casefold() == label.casefold()]
    for found in (exact, alike):
        if len(found) == 1:
            return found[0]
        if found:
            choices = " and ".join(f"{site.address}:{index}" for index in found)
            raise AddressError(f'{len(found)} classes are called "{label}": {choices}; write the index')
    close = [f"{site.address}:{quoted(name)}" for name in nearest(label, site.labels)]
    raise AddressError(f'no class "{label}" at {site.address}. Nearest: {", ".join(close) or "none"}.')


def _placed(unit: Unit) -> Unit:
    if unit.place is not None:
        unit.site.flat_place(unit.place)
    return unit


def _head(site: Site, address: Address) -> Unit:
    if not site.heads:
        raise AddressError(
            f"{site.address} holds no heads side by side; the input of an attention's last layer does, such as blocks.0.attn.proj~in:h{address.unit}"
        )
    if not isinstance(address.unit, int) or address.unit >= site.heads:
        raise AddressError(f"{site.address} has {site.heads} heads (h0 to h{site.heads - 1}); you asked for h{address.unit}")
    return _placed(Unit(site, address.unit, address.place, head=True))
