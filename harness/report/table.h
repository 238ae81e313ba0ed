/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: a small table of text, columns as wide as their widest cell.
 *
 * Cells are copied. Rows and columns beyond the limits are refused, not dropped silently: table_row returns -1. A
 * colour belongs to a whole cell and adds no width. One thread at a time; nothing is allocated.
 */
#ifndef HARNESS_REPORT_TABLE_H
#define HARNESS_REPORT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/report/console.h"

#define TABLE_MAX_ROWS 64u
#define TABLE_MAX_COLUMNS 6u
#define TABLE_CELL_BYTES 160u

struct table {
    unsigned columns;
    unsigned rows;
    bool head; /* the first row is a heading, underlined */
    char cells[TABLE_MAX_ROWS][TABLE_MAX_COLUMNS][TABLE_CELL_BYTES];
    enum console_colour colours[TABLE_MAX_ROWS][TABLE_MAX_COLUMNS];
};

void table_begin(struct table *table, unsigned columns, bool head);
/* `cells` has `columns` strings. 0, or -1 when the table is full. */
int table_row(struct table *table, const char *const *cells);
/* Colours a cell of the last row. */
void table_colour(struct table *table, unsigned column, enum console_colour colour);
/* Writes the table, two blanks between columns, no blanks at line ends. */
void table_print(const struct table *table, FILE *stream);

#endif
