/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/report/table.h"

#include <string.h>

void table_begin(struct table *table, unsigned columns, bool head)
{
    memset(table, 0, sizeof(*table));
    table->columns = columns < TABLE_MAX_COLUMNS ? columns : TABLE_MAX_COLUMNS;
    table->head = head;
}

int table_row(struct table *table, const char *const *cells)
{
    if (table->rows == TABLE_MAX_ROWS) {
        return -1;
    }
    for (unsigned column = 0; column < table->columns; column++) {
        (void)snprintf(table->cells[table->rows][column], TABLE_CELL_BYTES, "%s", cells[column]);
    }
    table->rows++;
    return 0;
}

void table_colour(struct table *table, unsigned column, enum console_colour colour)
{
    if (table->rows > 0 && column < table->columns) {
        table->colours[table->rows - 1][column] = colour;
    }
}

static void print_rule(const size_t *widths, unsigned columns, FILE *stream)
{
    for (unsigned column = 0; column < columns; column++) {
        for (size_t i = 0; i < widths[column]; i++) {
            (void)fputc('-', stream);
        }
        (void)fputs(column + 1 < columns ? "  " : "\n", stream);
    }
}

void table_print(const struct table *table, FILE *stream)
{
    size_t widths[TABLE_MAX_COLUMNS] = {0};
    for (unsigned row = 0; row < table->rows; row++) {
        for (unsigned column = 0; column < table->columns; column++) {
            size_t width = console_width(table->cells[row][column]);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (unsigned row = 0; row < table->rows; row++) {
        for (unsigned column = 0; column < table->columns; column++) {
            const char *cell = table->cells[row][column];
            enum console_colour colour = table->colours[row][column];
            const char *start = colour == CONSOLE_PLAIN ? "" : console_colour(stream, colour);
            const char *end = colour == CONSOLE_PLAIN ? "" : console_colour(stream, CONSOLE_PLAIN);
            bool last = column + 1 == table->columns;
            int padding = last ? 0 : (int)(widths[column] - console_width(cell)) + 2;
            (void)fprintf(stream, "%s%s%s%*s", start, cell, end, padding, "");
        }
        (void)fputc('\n', stream);
        if (row == 0 && table->head) {
            print_rule(widths, table->columns, stream);
        }
    }
}
