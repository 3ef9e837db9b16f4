/* The bare loop that a gateway's line is compared with: libmodbus, one connection, one blocking read after the other,
   every register pair turned into a float. Prints the number of values read.

   cc -O2 libmodbus_loop.c -lmodbus -o libmodbus_loop; libmodbus_loop PORT UNITS VALUES SECONDS */
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    const int units = atoi(argv[2]), values = atoi(argv[3]);
    const double end = seconds() + atof(argv[4]);
    uint16_t registers[MODBUS_MAX_READ_REGISTERS];
    volatile float last = 0;
    long count = 0;
    modbus_t *line = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    if (line == NULL || modbus_connect(line) != 0) return 1;
    for (int unit = 1; seconds() < end; unit = unit % units + 1) {
        modbus_set_slave(line, unit);
        if (modbus_read_registers(line, 0, 2 * values, registers) != 2 * values) return 1;
        for (int i = 0; i < values; i++) last = modbus_get_float_abcd(registers + 2 * i);
        count += values;
    }
    (void)last;
    printf("%ld\n", count);
    modbus_close(line);
    modbus_free(line);
    return 0;
}
