/* SPDX-License-Identifier: BSD-2-Clause */
/* For small variables that every child writes to. Each page that one of them lies in is copied for
 * each of maybe thousands of processes, and the linker puts zeroed variables in the order of the
 * files, with large ones between; so these are with the data that is not zero, in one page. */
#ifndef MUSTER_BASE_OWN_PAGE_H
#define MUSTER_BASE_OWN_PAGE_H

#define OWN_PAGE __attribute__((section(".data.own_page")))

#endif
