"""Products that are not quite what their label says: other word order, other count of addresses, other scale."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from firmware_sim.encoding import DataType, WordOrder
from firmware_sim.modbus.register_map import Product, Register, Table


def _changed(product: Product, change: Callable[[Register], Register]) -> Product:
    return dataclasses.replace(product, registers=tuple(change(r) for r in product.registers))


def reordered(product: Product, order: WordOrder) -> Product:
    """A clone whose values of several words travel in another order."""
    return _changed(product, lambda r: dataclasses.replace(r, word_order=order) if r.width > 1 else r)


def shifted(product: Product, by: int) -> Product:
    """A clone that counts its addresses from another number: `by` 1 answers at 1 what the map has at 0."""
    return _changed(product, lambda r: dataclasses.replace(r, address=r.address + by))


def rescaled(product: Product, factor: float) -> Product:
    """A variant that sends measured values `factor` times as large; bits, states and settings stay."""
    return _changed(
        product, lambda r: r if r.unit == "1" and r.scale == 1.0 else dataclasses.replace(r, scale=r.scale / factor)
    )


def filled(product: Product) -> Product:
    """A product that answers 0 for reserved registers between its first and its last one, as many do."""
    reserved: list[Register] = []
    for table in (Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS):
        taken = {r.address + w for r in product.registers if r.table is table for w in range(r.width)}
        if taken:
            reserved += [
                Register(name=f"reserved_{table}_{a}", table=table, address=a, data_type=DataType.U16, note="reserved")
                for a in range(min(taken), max(taken))
                if a not in taken
            ]
    return dataclasses.replace(product, registers=product.registers + tuple(reserved), whole_values=False)
