/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom proxies speak for: X-Forwarded-For, and Forwarded of RFC 7239. Each proxy adds to the
 * end of the list, so it is read from there: who may be believed ends where the proxies that
 * one knows end, and nothing in front of that can change how the rest is read. Pure. */
#ifndef MUSTER_HTTP_FORWARDED_H
#define MUSTER_HTTP_FORWARDED_H

#include <sys/socket.h>

#include "workers/http/parse.h"

enum forwarded_form {
	FORWARDED_LIST,             /* X-Forwarded-For: addresses, as everybody writes it */
	FORWARDED_RFC7239,          /* Forwarded: for=, proto= */
};

enum forwarded_kind {
	FORWARDED_ADDRESS,
	FORWARDED_HIDDEN,           /* "unknown", or a name that means something to them only */
	FORWARDED_BAD,              /* malformed, or does not say for whom */
};

struct forwarded_hop {
	enum forwarded_kind kind;
	struct sockaddr_storage address; /* AF_INET or AF_INET6, with port if it has one */
	bool has_proto, is_https;   /* Forwarded only: how the client reached that proxy */
};

struct forwarded_walk {             /* caller's storage; private to forwarded.c */
	const struct http_request *request;
	enum forwarded_form form;
	struct slice name;
	unsigned field_count;       /* fields that are still to be looked through */
	struct slice rest;          /* of the field at hand */
};

/* All fields of the name count as one list. The walk points into the request. */
void forwarded_begin(struct forwarded_walk *walk, const struct http_request *request,
    enum forwarded_form form);
/* The next hop, going away from us; false: there is none. */
bool forwarded_next(struct forwarded_walk *walk, struct forwarded_hop *hop_out);

/* What X-Forwarded-Proto says of the hop_count-th hop from the end; where it has less, the
 * farthest one, since most proxies pass it on or set it anew. False: nothing. */
bool forwarded_is_https(const struct http_request *request, unsigned hop_count,
    bool *is_https_out);

#endif
